//! Tests that both forms of the macro and TOML have one canonical text.
//!
//! For tests only. `airssys-wasm-core/tests/forms.rs` compares TOML with text and code.

use airssys_wasm_core::Requests;
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

use super::{body, declared};
use crate::errors::MacroErrors;

fn from_arguments(arguments: TokenStream) -> String {
    let mut errors = MacroErrors::default();
    let requests = declared::read(&arguments, &mut errors);
    assert_eq!(errors.messages(), [""; 0]);
    let text = requests.to_section();
    assert_eq!(Requests::from_section(text.as_bytes()), Ok(requests));
    text
}

fn from_body(body: &syn::Block) -> String {
    let mut errors = MacroErrors::default();
    let requests = body::read(body, &mut errors);
    assert_eq!(errors.messages(), [""; 0]);
    requests.to_section()
}

fn from_toml(text: &str) -> String {
    Requests::from_toml(text).expect("requests").to_section()
}

fn arguments() -> TokenStream {
    quote! {
        http("https://api.example.com:443/v1/**", methods = [POST, GET]),
        tcp("db.internal:5432"), udp("dns.internal:53"), dns("*.internal"),
        network_outbound("api.example.com:443"), network_inbound("127.0.0.1:8080"),
        read("/my \"files\""), write("/cache", max = "65536KiB"), write("/log", mode = append),
        env("LANG"), secret("db-password"), config("app.*"), store("orders"), call("acme:store/kv"),
        messaging("orders.*"), llm("smollm2"), stdio("stdout"), clock("wall"), random("secure"),
        custom("acme:gpu/compute device=0"),
    }
}

#[test]
fn required_requests_have_one_text() {
    let in_body: syn::Block = parse_quote!({
        vec![
            Capability::Custom("acme:gpu/compute device=0".into()),
            Capability::Random("secure".into()),
            Capability::Clock("wall".into()),
            Capability::Stdio("stdout".into()),
            Capability::Llm("smollm2".into()),
            Capability::Messaging("orders.*".into()),
            Capability::Call("acme:store/kv".into()),
            Capability::Store("orders".into()),
            Capability::Config("app.*".into()),
            Capability::Secret("db-password".into()),
            Capability::Env("LANG".into()),
            Capability::FileWrite("/log mode=append".into()),
            Capability::FileWrite("/cache max=64MiB".into()),
            Capability::FileRead(r#""/my \"files\"""#.into()),
            Capability::NetworkInbound("127.0.0.1:8080".into()),
            Capability::NetworkOutbound("api.example.com:443".into()),
            Capability::Dns("*.internal".into()),
            Capability::Udp("dns.internal:53".into()),
            Capability::Tcp("db.internal:5432".into()),
            Capability::Http("GET,POST https://api.example.com/v1/**".into()),
        ]
    });
    let in_toml = r#"
        require = [
            "http GET,POST https://api.example.com/v1/**",
            "tcp db.internal:5432", "udp dns.internal:53", "dns *.internal",
            "network-outbound api.example.com:443", "network-inbound 127.0.0.1:8080",
            'file-read "/my \"files\""', "file-write /cache max=64MiB", "file-write /log mode=append",
            "env LANG", "secret db-password", "config app.*", "store orders", "call acme:store/kv",
            "messaging orders.*", "llm smollm2", "stdio stdout", "clock wall", "random secure",
            "acme:gpu/compute device=0",
        ]
    "#;
    let text = from_arguments(arguments());
    assert_eq!(
        text.lines().count(),
        21,
        "a header, and one line per request: {text}"
    );
    assert_eq!(from_body(&in_body), text);
    assert_eq!(from_toml(in_toml), text);
}

#[test]
fn optional_requests_have_one_text() {
    let text = from_arguments(quote! {
        read("/data"),
        optional(write("/my log", mode = append), reason = r"keeps \a\ log"),
    });
    let in_toml = r#"
        require = ["file-read /data"]
        optional = [{ request = 'file-write "/my log" mode=append', reason = 'keeps \a\ log' }]
    "#;
    assert_eq!(from_toml(in_toml), text);
}
