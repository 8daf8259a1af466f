//! Properties of names: no text makes a parser panic, and a parsed name displays as it was written.
//!
//! Single cases are in `airssys-wasm-core/src/name`.

use airssys_wasm_core::{ComponentName, FunctionName};
use proptest::prelude::*;

/// Texts that are names or close to names.
fn almost_a_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9:_-]{0,12}",
        "[a-zA-Z0-9:/@#._ -]{0,24}",
        "[a-z]{60,70}:[a-z]{60,70}",
        any::<String>(),
        r"[a-z:_-]{0,4}[\x00-\x1f\u{202e}ß:-]{0,3}",
    ]
}

fn word() -> &'static str {
    "[a-z][a-z0-9]{0,6}([_-][a-z0-9]{1,4}){0,3}"
}

/// Checks a text against the documentation of `ComponentName`, word by word.
fn is_a_component_name(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase()) && part.split(['-', '_']).all(word)
    };
    let parts: Vec<&str> = text.split(':').collect();
    text.len() <= ComponentName::LENGTH_MAX && parts.len() <= 2 && parts.into_iter().all(part)
}

fn is_printable(message: &str) -> bool {
    message
        .chars()
        .all(|c| !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_component_name_is_what_its_documentation_says(text in almost_a_name()) {
        match text.parse::<ComponentName>() {
            Ok(name) => {
                prop_assert!(is_a_component_name(&text));
                prop_assert_eq!(name.as_str(), &text);
                prop_assert_eq!(name.to_string(), text);
            }
            Err(error) => {
                prop_assert!(!is_a_component_name(&text));
                prop_assert!(is_printable(&error.to_string()), "{:?}", error.to_string());
            }
        }
    }

    #[test]
    fn words_with_and_without_a_namespace_are_component_names(
        namespace in prop::option::of(word()),
        name in word(),
    ) {
        let text = namespace.map_or(name.clone(), |namespace| format!("{namespace}:{name}"));
        prop_assert!(text.parse::<ComponentName>().is_ok(), "{}", text);
    }

    #[test]
    fn a_function_name_prints_as_written(text in almost_a_name()) {
        match text.parse::<FunctionName>() {
            Ok(name) => prop_assert_eq!(name.to_string(), text),
            Err(error) => prop_assert!(is_printable(&error.to_string()), "{:?}", error.to_string()),
        }
    }

    #[test]
    fn interface_and_function_are_found_again(
        interface in "[a-z]{1,5}:[a-z]{1,5}/[a-z]{1,5}(@[0-9]\\.[0-9]\\.[0-9])?",
        function in "([a-z]{1,6}|\\[method\\][a-z]{1,4}\\.[a-z]{1,4})",
    ) {
        let name: FunctionName = format!("{interface}#{function}").parse().expect("a function's name");
        prop_assert_eq!(name.interface(), Some(interface.as_str()));
        prop_assert_eq!(name.function(), &function);
    }
}
