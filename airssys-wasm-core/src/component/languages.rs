//! The languages in which a component is written.
//!
//! Tests: in this file.

use wasmparser::{KnownCustom, Parser, Payload, ProducersSectionReader};

use super::Component;

/// The name of the field in a `producers` section.
const LANGUAGE: &str = "language";

impl Component {
    /// Returns the languages in which the component and its nested modules and components are
    /// written, with versions if known, sorted by name. Toolchains record them in `producers`
    /// sections.
    #[must_use]
    pub fn languages(&self) -> Vec<String> {
        // Unreadable sections are ignored.
        let sections = Parser::new(0).parse_all(self.bytes()).map_while(Result::ok);
        let mut languages: Vec<String> = sections
            .flat_map(|section| section_languages(&section))
            .collect();
        languages.sort();
        languages.dedup();
        languages
    }
}

fn section_languages(section: &Payload<'_>) -> Vec<String> {
    let Payload::CustomSection(custom) = section else {
        return Vec::new();
    };
    let KnownCustom::Producers(fields) = custom.as_known() else {
        return Vec::new();
    };
    producer_languages(fields).unwrap_or_default()
}

fn producer_languages(fields: ProducersSectionReader<'_>) -> wasmparser::Result<Vec<String>> {
    let mut languages = Vec::new();
    for field in fields {
        let field = field?;
        if field.name == LANGUAGE {
            for value in field.values {
                let value = value?;
                languages.push(
                    format!("{} {}", value.name, value.version)
                        .trim()
                        .to_owned(),
                );
            }
        }
    }
    Ok(languages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_of_nested_parts_count() {
        let read = |text: &str| {
            Component::from_bytes(wat::parse_str(text).expect("text"))
                .expect("a component")
                .languages()
        };
        assert!(read("(component)").is_empty());
        let module = |language: &str| format!("(core module (@producers (language {language})))");
        let (rust, c) = (module("\"Rust\" \"\""), module("\"C11\" \"clang 20\""));
        assert_eq!(
            read(&format!("(component {rust} {c} (component {rust}))")),
            ["C11 clang 20", "Rust"]
        );
    }
}
