//! Parses arbitrary text as a URL: either the target survives a round trip and contains no unusual
//! characters, or the error is printable.
#![no_main]

use airssys_wasm_core::policy::{HttpHost, HttpTarget};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (method, url) = input;
    // Most inputs are not URLs, so each is also tried behind a scheme.
    for url in [url.to_owned(), format!("https://{url}"), format!("http://a.com/{url}")] {
        for method in [method, "GET"] {
            match HttpTarget::parse(method, &url) {
                Ok(target) => check(&target),
                Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
            }
        }
    }
});

fn check(target: &HttpTarget) {
    let scheme = if target.is_tls { "https" } else { "http" };
    let url = format!("{scheme}://{}{}", target.authority(), target.path_and_query());
    assert_eq!(HttpTarget::parse(&target.method, &url).as_ref(), Ok(target), "{url}");
    assert!(url.bytes().all(|b| b.is_ascii_graphic()), "{url}");
    assert!(target.path.starts_with('/') && target.port != 0);
    if let HttpHost::Name(name) = &target.host {
        assert!(!name.bytes().any(|b| b.is_ascii_uppercase()) && !name.ends_with('.') && !name.is_empty());
        assert!(name.parse::<std::net::IpAddr>().is_err(), "{name}");
    }
}
