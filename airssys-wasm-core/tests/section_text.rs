//! Properties of the texts in custom sections: what is written can be read back, joined sections
//! merge, and no bytes make a reader panic.
//!
//! Single cases are in `airssys-wasm-core/src/section.rs` and the files of the readers.

use std::error::Error;
use std::num::NonZeroU32;

use airssys_wasm_core::{
    Capability, ComponentMetadata, ComponentName, Instancing, Need, Requests, Rule,
};
use proptest::prelude::*;
use semver::Version;

/// Absolute paths without `.`, `..` and empty segments.
fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("/".to_owned()),
        r"(/[a-zA-Z0-9_~%*'äß漢-][a-zA-Z0-9._äß漢-]{0,8}){1,4}"
    ]
}

fn host() -> impl Strategy<Value = String> {
    r"([a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,2}\.[a-z]{2,4}|\*\.[a-z]{1,5}|\[::1\])(:(6553[0-5]|[1-9][0-9]{0,3}))?"
}

fn address() -> impl Strategy<Value = String> {
    r"(127\.0\.0\.1|\[::1\]|10\.0\.0\.0/8|\*\*)(:(6553[0-5]|[1-9][0-9]{0,3}))?"
}

fn http() -> impl Strategy<Value = String> {
    r"((GET|PUT|X-OWN)(,POST)? )?(https?|\*)://(a\.com|\*\*\.b\.org|\[fd00::/8\]|\*\*)(:(80|443|8000-9000|\*))?(/([a-z]{1,3}|[a-z]\*|\*)(/\*\*)?/?)?"
}

fn capability() -> impl Strategy<Value = Capability> {
    prop_oneof![
        path().prop_map(Capability::FileRead),
        path().prop_map(Capability::FileWrite),
        address().prop_map(Capability::NetworkInbound),
        host().prop_map(Capability::NetworkOutbound),
        http().prop_map(Capability::Http),
        "[A-Z_]{1,8}".prop_map(Capability::Env),
        "acme:[a-z]{1,5}/x( [a-z]{1,4}(=[0-9]{1,3})?){0,3}".prop_map(Capability::Custom),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    capability().prop_filter_map("a rule", |capability| capability.to_rule().ok())
}

fn need() -> impl Strategy<Value = Need> {
    prop_oneof![
        Just(Need::Required),
        "[a-z\"\\\\ ]{0,6}[a-z]".prop_map(|reason| Need::Optional { reason })
    ]
}

fn requests() -> impl Strategy<Value = Requests> {
    prop::collection::vec((rule(), need()), 0..8).prop_map(Requests::from_iter)
}

fn version() -> impl Strategy<Value = Version> {
    r"[0-9]{1,3}\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]?)(-(rc|beta)\.[1-9])?(\+[a-z0-9]{1,6})?"
        .prop_filter_map("a version", |text| Version::parse(&text).ok())
}

fn instancing() -> impl Strategy<Value = Instancing> {
    prop_oneof![
        Just(Instancing::PerCall),
        Just(Instancing::Stateful),
        any::<NonZeroU32>().prop_map(|max| Instancing::Pooled { max }),
    ]
}

fn about() -> impl Strategy<Value = ComponentMetadata> {
    let name =
        "[a-z]{1,8}(:[a-z]{1,8})?".prop_map(|text| text.parse::<ComponentName>().expect("a name"));
    (
        prop::option::of(name),
        prop::option::of(version()),
        prop::option::of(any::<String>()),
        prop::option::of(instancing()),
    )
        .prop_map(
            |(name, version, description, instancing)| ComponentMetadata {
                name,
                version,
                description,
                instancing,
            },
        )
}

/// Bytes that start like a section, so that more than the header is read.
fn almost_a_section() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![
        Just(&b"airssys:component 1\n"[..]),
        Just(&b"airssys:capabilities 1\n"[..]),
        Just(&b""[..]),
    ];
    let lines = prop_oneof![
        any::<Vec<u8>>(),
        r"((name|version|description|instancing|file-read|network-outbound)[ \\\r\na-z0-9/.:]{0,12}\n){0,4}"
            .prop_map(String::into_bytes),
        any::<String>().prop_map(String::into_bytes),
    ];
    (header, lines).prop_map(|(header, lines)| [header, &lines].concat())
}

/// Checks that a message contains no characters that control a terminal, whatever the bytes were.
fn is_printable(error: &dyn Error) -> bool {
    let hidden = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
    !error.to_string().contains(hidden) && error.source().is_none_or(is_printable)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_capability_is_read_as_it_was_written(capability in capability()) {
        prop_assert_eq!(capability.to_string().parse(), Ok(capability));
    }

    #[test]
    fn a_rule_has_one_text(rule in rule()) {
        prop_assert_eq!(rule.to_string().parse(), Ok(rule));
    }

    /// A rule has one text: a parsed rule displays as it was written.
    #[test]
    fn a_capability_has_one_text(
        text in prop_oneof![
            "(file-read|file-write|http|tcp|network-inbound|env|acme:x) [ -~]{0,16}",
            "http [A-Z,]{0,4} ?[htps*]{1,5}://[a-z*.0-9\\[\\]:/]{0,12}/?[a-zA-Z0-9/*%.]{0,8}",
            any::<String>(),
        ],
    ) {
        match text.parse::<Rule>() {
            Ok(rule) => prop_assert_eq!(rule.to_string().parse(), Ok(rule)),
            Err(error) => prop_assert!(is_printable(&error), "{error:?}"),
        }
    }

    #[test]
    fn requests_are_read_as_they_were_written(requests in requests()) {
        prop_assert_eq!(Requests::from_section(requests.to_section().as_bytes()), Ok(requests));
    }

    #[test]
    fn sections_that_a_linker_joined_merge(each in prop::collection::vec(requests(), 1..4)) {
        let joined: String = each.iter().map(Requests::to_section).collect();
        let mut all = Requests::default();
        each.into_iter().for_each(|requests| all.merge(requests).expect("no options, no contradictions"));
        prop_assert_eq!(Requests::from_section(joined.as_bytes()), Ok(all));
    }

    #[test]
    fn about_is_read_as_it_was_written(about in about()) {
        prop_assert_eq!(ComponentMetadata::from_section(about.to_section().as_bytes()), Ok(about));
    }

    #[test]
    fn no_bytes_make_a_reader_panic_and_what_is_read_has_one_text(bytes in almost_a_section()) {
        match ComponentMetadata::from_section(&bytes) {
            Ok(about) => prop_assert_eq!(ComponentMetadata::from_section(about.to_section().as_bytes()), Ok(about)),
            Err(error) => prop_assert!(is_printable(&error), "{error:?}"),
        }
        match Requests::from_section(&bytes) {
            Ok(requests) => {
                prop_assert_eq!(Requests::from_section(requests.to_section().as_bytes()), Ok(requests));
            }
            Err(error) => prop_assert!(is_printable(&error), "{error:?}"),
        }
    }
}
