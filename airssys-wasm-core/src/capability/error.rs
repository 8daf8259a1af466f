//! Why a text is not a capability: where, what, and what to write.
//!
//! Tests: beside each parser of this room.

use thiserror::Error;

use super::Kind;
use crate::suggest::nearest;

/// Why a text, or a value built in code, is not a capability.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CapabilityError {
    /// The first word names no capability.
    #[error("`{word}` is not a capability known to airssys-wasm {}; {}", env!("CARGO_PKG_VERSION"), known(word))]
    UnknownKind {
        /// The word that was found, escaped.
        word: String,
    },
    /// The text is longer than a rule may be.
    #[error(
        "`{text}` has {bytes} bytes, and at most {bytes_max} are read; shorten it, or write a rule for each part"
    )]
    TooLong {
        /// How the text begins, escaped.
        text: String,
        /// How many bytes it has.
        bytes: usize,
        /// How many bytes are read at most.
        bytes_max: usize,
    },
    /// What follows the first word does not fit it.
    #[error("`{text}`, column {column}: {problem}")]
    Malformed {
        /// The whole text, escaped and cut if it is long.
        text: String,
        /// Where the problem begins, in characters, counted from 1.
        column: usize,
        /// What is wrong, and what to write.
        problem: String,
    },
}

/// A problem, and how many bytes into the text that was parsed it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) at: usize,
    pub(super) what: String,
}

impl Problem {
    pub(super) fn new(at: usize, what: impl Into<String>) -> Self {
        Self {
            at,
            what: what.into(),
        }
    }

    /// The same problem, seen from a text that has `by` bytes before this one.
    pub(super) fn moved(self, by: usize) -> Self {
        Self {
            at: self.at + by,
            ..self
        }
    }

    pub(super) fn in_text(self, text: &str) -> CapabilityError {
        let before = text.get(..self.at).unwrap_or(text);
        CapabilityError::Malformed {
            text: shown(text),
            column: before.chars().count() + 1,
            problem: self.what,
        }
    }
}

/// A text as messages show it: escaped, and not longer than a line.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 200;
    let mut escaped: String = text.chars().take(SHOWN_MAX).flat_map(escape).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        escaped.push('…');
    }
    escaped
}

/// Quotes are left as they are: the text has them where it needs them.
fn escape(c: char) -> Vec<char> {
    if hidden(c) {
        c.escape_unicode().collect()
    } else {
        vec![c]
    }
}

/// Characters that would let a text look like another, or like nothing. A space that
/// is not the usual one is among them: it would not separate words.
pub(crate) fn hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e01ef}')
}

fn known(word: &str) -> String {
    let words = Kind::ALL.map(Kind::word);
    match nearest(word, words) {
        Some(kind) => format!("did you mean `{kind}`?"),
        None => format!(
            "it knows {}",
            words.map(|kind| format!("`{kind}`")).join(", ")
        ),
    }
}
