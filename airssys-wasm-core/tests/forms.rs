//! Requests have one canonical text, whether they are written in TOML, code or sections.
//!
//! The two forms of the SDK's macro are compared with TOML in
//! `airssys-wasm-macros/src/component_capabilities/forms.rs`.
#![cfg(feature = "toml")]

use airssys_wasm_core::{Capability, CapabilityKind, Need, Requests};

const TOML: &str = r#"
require = [
    "udp dns.internal:53",
    "http POST,GET https://api.example.com:443/v1/**",
    'file-read "/my files"',
    "file-write /log mode=append",
    "file-write /cache max=65536KiB",
    "acme:gpu/compute device=0",
]

[[optional]]
request = "http https://telemetry.example.com/**"
reason = 'says "hello"'
"#;

const TEXT: &str = r#"airssys:capabilities 1
file-read "/my files"
file-write /cache max=64MiB
file-write /log mode=append
optional "says \\"hello\\"" http https://telemetry.example.com/**
http GET,POST https://api.example.com/v1/**
udp dns.internal:53
acme:gpu/compute device=0
"#;

fn in_code() -> Requests {
    let required = [
        Capability::Custom("acme:gpu/compute device=0".into()),
        Capability::FileWrite("/cache".into())
            .with_option("max", "64MiB")
            .expect("an option"),
        Capability::FileWrite("/log mode=append".into()),
        Capability::from_words(CapabilityKind::FileRead, ["/my files"]),
        Capability::from_words(
            CapabilityKind::Http,
            ["GET,POST", "https://api.example.com/v1/**"],
        ),
        Capability::Udp("dns.internal:53".into()),
    ];
    let mut requests = Requests::new(required).expect("requests");
    let telemetry = Capability::Http("https://telemetry.example.com".into())
        .to_rule()
        .expect("a rule");
    let need = Need::optional("says \"hello\"").expect("a reason");
    requests.add(telemetry, need).expect("no contradiction");
    requests
}

#[test]
fn every_form_has_the_same_text() {
    let from_toml = Requests::from_toml(TOML).expect("requests");
    assert_eq!(from_toml.to_section(), TEXT);
    assert_eq!(in_code().to_section(), TEXT);
    assert_eq!(Requests::from_section(TEXT.as_bytes()), Ok(from_toml));
}
