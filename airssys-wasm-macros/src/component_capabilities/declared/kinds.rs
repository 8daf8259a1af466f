//! The names of kinds in the arguments: `read`, `write`, `network_outbound`.
//!
//! Kinds that are added to core get a name automatically.
//! Tests: in this file.

use airssys_wasm_core::suggest::nearest;
use airssys_wasm_core::{Capability, CapabilityKind};
use syn::Ident;

use super::optional;
use crate::errors::MacroErrors;

/// The name for kinds that an embedder defines.
const CUSTOM: &str = "custom";

/// A kind of core or an embedder's own, whose target starts with the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestKind {
    Known(CapabilityKind),
    Custom,
}

impl RequestKind {
    /// Returns the kind of a name, or adds an error to `errors`.
    pub(super) fn read(word: &Ident, errors: &mut MacroErrors) -> Option<Self> {
        let named = Self::find(&word.to_string());
        if named.is_none() {
            errors.push_at(word, unknown_kind(&word.to_string()));
        }
        named
    }

    /// Returns the kind of a name, if it exists.
    pub(super) fn find(word: &str) -> Option<Self> {
        match CapabilityKind::ALL
            .into_iter()
            .find(|kind| argument_name(*kind) == word)
        {
            Some(kind) => Some(Self::Known(kind)),
            None => (word == CUSTOM).then_some(Self::Custom),
        }
    }

    /// Creates a capability of this kind with an unquoted target.
    pub(super) fn capability(self, target: &str) -> Capability {
        match self {
            Self::Known(kind) => Capability::from_words(kind, [target]),
            Self::Custom => Capability::Custom(target.into()),
        }
    }
}

/// Returns the name of a kind in the arguments.
pub(super) fn argument_name(kind: CapabilityKind) -> String {
    match kind {
        CapabilityKind::FileRead => "read".into(),
        CapabilityKind::FileWrite => "write".into(),
        kind => with_underscores(kind),
    }
}

fn with_underscores(kind: CapabilityKind) -> String {
    kind.as_str().replace('-', "_")
}

/// Returns the message for an unknown name: the nearest name, or all names.
pub(super) fn unknown_kind(written: &str) -> String {
    if written == optional::OPTIONAL {
        return format!("`{written}` wraps a single request: {}", optional::EXAMPLE);
    }
    match nearest_name(written) {
        Some(word) => format!("there is no capability `{written}`; did you mean `{word}`?"),
        None => {
            let words = CapabilityKind::ALL
                .into_iter()
                .map(argument_name)
                .chain([CUSTOM.to_owned()]);
            let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
            format!(
                "there is no capability `{written}`; expected one of {}",
                words.join(", ")
            )
        }
    }
}

/// Returns the nearest name. The text form `file_read` also leads to `read`.
pub(super) fn nearest_name(written: &str) -> Option<String> {
    let kinds = CapabilityKind::ALL
        .into_iter()
        .flat_map(|kind| [argument_name(kind), with_underscores(kind)]);
    let words: Vec<String> = kinds
        .chain([CUSTOM, optional::OPTIONAL].map(str::to_owned))
        .collect();
    let word = nearest(written, words.iter().map(String::as_str))?;
    let kind = CapabilityKind::ALL
        .into_iter()
        .find(|kind| with_underscores(*kind) == word);
    Some(kind.map_or_else(|| word.to_owned(), argument_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::format_ident;

    fn read(word: &str) -> Result<RequestKind, Vec<String>> {
        let mut errors = MacroErrors::default();
        RequestKind::read(&format_ident!("{word}"), &mut errors).ok_or_else(|| errors.messages())
    }

    #[test]
    fn every_kind_has_one_name_that_is_a_word_of_rust() {
        for kind in CapabilityKind::ALL {
            let word = argument_name(kind);
            assert!(syn::parse_str::<Ident>(&word).is_ok(), "{word}");
            assert_eq!(read(&word), Ok(RequestKind::Known(kind)));
        }
        assert_eq!(read("custom"), Ok(RequestKind::Custom));
    }

    #[test]
    fn errors_suggest_the_nearest_name() {
        for (word, expected) in [
            ("raed", "did you mean `read`?"),
            ("file_read", "did you mean `read`?"),
            ("FileWrite", "did you mean `write`?"),
            ("network_outbond", "did you mean `network_outbound`?"),
            ("optinal", "did you mean `optional`?"),
            ("cutsom", "did you mean `custom`?"),
            ("optional", "wraps a single request"),
            ("teleport", "expected one of `call`, `clock`,"),
        ] {
            let messages = read(word).expect_err(word);
            assert!(
                messages.len() == 1 && messages[0].contains(expected),
                "{messages:?}"
            );
        }
    }
}
