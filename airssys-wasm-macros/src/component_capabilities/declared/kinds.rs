//! The names of kinds in the arguments: `read`, `write`, `network_outbound`.
//!
//! Kinds that are added to core get a name automatically.
//! Tests: in this file.

use airssys_wasm_core::suggest::nearest;
use airssys_wasm_core::{Capability, Kind};
use syn::Ident;

use super::optional;
use crate::errors::Errors;

/// The name for kinds that an embedder defines.
const CUSTOM: &str = "custom";

/// A kind of core or an embedder's own, whose target starts with the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Known(Kind),
    Custom,
}

impl Named {
    /// Returns the kind of a name, or adds an error to `errors`.
    pub(super) fn read(word: &Ident, errors: &mut Errors) -> Option<Self> {
        let named = Self::find(&word.to_string());
        if named.is_none() {
            errors.at(word, unknown(&word.to_string()));
        }
        named
    }

    /// Returns the kind of a name, if it exists.
    pub(super) fn find(word: &str) -> Option<Self> {
        match Kind::ALL.into_iter().find(|kind| spell(*kind) == word) {
            Some(kind) => Some(Self::Known(kind)),
            None => (word == CUSTOM).then_some(Self::Custom),
        }
    }

    /// Creates a capability of this kind with an unquoted target.
    pub(super) fn capability(self, target: &str) -> Capability {
        match self {
            Self::Known(kind) => Capability::of_words(kind, [target]),
            Self::Custom => Capability::Custom(target.into()),
        }
    }
}

/// Returns the name of a kind in the arguments.
pub(super) fn spell(kind: Kind) -> String {
    match kind {
        Kind::FileRead => "read".into(),
        Kind::FileWrite => "write".into(),
        kind => with_underscores(kind),
    }
}

fn with_underscores(kind: Kind) -> String {
    kind.word().replace('-', "_")
}

/// Returns the message for an unknown name: the nearest name, or all names.
pub(super) fn unknown(written: &str) -> String {
    if written == optional::WORD {
        return format!("`{written}` wraps a single request: {}", optional::EXAMPLE);
    }
    match near(written) {
        Some(word) => format!("there is no capability `{written}`; did you mean `{word}`?"),
        None => {
            let words = Kind::ALL.into_iter().map(spell).chain([CUSTOM.to_owned()]);
            let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
            format!(
                "there is no capability `{written}`; expected one of {}",
                words.join(", ")
            )
        }
    }
}

/// Returns the nearest name. The text form `file_read` also leads to `read`.
pub(super) fn near(written: &str) -> Option<String> {
    let kinds = Kind::ALL
        .into_iter()
        .flat_map(|kind| [spell(kind), with_underscores(kind)]);
    let words: Vec<String> = kinds
        .chain([CUSTOM, optional::WORD].map(str::to_owned))
        .collect();
    let word = nearest(written, words.iter().map(String::as_str))?;
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| with_underscores(*kind) == word);
    Some(kind.map_or_else(|| word.to_owned(), spell))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::format_ident;

    fn read(word: &str) -> Result<Named, Vec<String>> {
        let mut errors = Errors::default();
        Named::read(&format_ident!("{word}"), &mut errors).ok_or_else(|| errors.messages())
    }

    #[test]
    fn every_kind_has_one_name_that_is_a_word_of_rust() {
        for kind in Kind::ALL {
            let word = spell(kind);
            assert!(syn::parse_str::<Ident>(&word).is_ok(), "{word}");
            assert_eq!(read(&word), Ok(Named::Known(kind)));
        }
        assert_eq!(read("custom"), Ok(Named::Custom));
    }

    #[test]
    fn says_what_was_meant() {
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
