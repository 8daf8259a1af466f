//! Errors of the capability parsers: the position, the problem and the fix.
//!
//! Tests: `airssys-wasm-core/src/capability/mod.rs`,
//! `airssys-wasm-core/src/capability/requests.rs`.

use thiserror::Error;

use super::CapabilityKind;
use crate::suggest::nearest;

/// The reason a text, or a value built in code, is not a capability.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CapabilityError {
    /// The first word is not a kind of capability.
    #[error("`{word}` is not a capability known to airssys-wasm {}; {}", env!("CARGO_PKG_VERSION"), known_kinds_hint(word))]
    UnknownKind {
        /// The unknown word, escaped.
        word: String,
    },
    /// The text is longer than a rule may be.
    #[error(
        "`{text}` has {bytes} bytes, but at most {bytes_max} are allowed; shorten it, or write a rule for each part"
    )]
    TooLong {
        /// The beginning of the text, escaped.
        text: String,
        /// The length of the text, in bytes.
        bytes: usize,
        /// The maximum length, in bytes.
        bytes_max: usize,
    },
    /// The text after the first word is not valid for that kind.
    #[error("`{text}`, column {column}: {problem}")]
    Malformed {
        /// The whole text, escaped, and truncated if it is long.
        text: String,
        /// The position of the problem, in characters, counted from 1.
        column: usize,
        /// The problem and how to fix it.
        problem: String,
    },
}

/// A problem and its byte offset in the parsed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParseProblem {
    pub(super) offset: usize,
    pub(super) message: String,
}

impl ParseProblem {
    pub(super) fn new(at: usize, what: impl Into<String>) -> Self {
        Self {
            offset: at,
            message: what.into(),
        }
    }

    /// Shifts the offset for a text in which `by` bytes precede the parsed one.
    pub(super) fn shifted(self, by: usize) -> Self {
        Self {
            offset: self.offset + by,
            ..self
        }
    }

    pub(super) fn into_error(self, text: &str) -> CapabilityError {
        let before = text.get(..self.offset).unwrap_or(text);
        CapabilityError::Malformed {
            text: escape_for_message(text),
            column: before.chars().count() + 1,
            problem: self.message,
        }
    }
}

/// Returns a text as shown in messages: escaped, and truncated to the length of a line.
pub(crate) fn escape_for_message(text: &str) -> String {
    const SHOWN_MAX: usize = 200;
    let mut escaped: String = text
        .chars()
        .take(SHOWN_MAX)
        .flat_map(escape_hidden)
        .collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        escaped.push('…');
    }
    escaped
}

/// Leaves quotes as they are: the text contains them where it needs them.
fn escape_hidden(c: char) -> Vec<char> {
    if is_hidden(c) {
        c.escape_unicode().collect()
    } else {
        vec![c]
    }
}

/// Returns `true` for characters that are invisible or make a text look like another one. This
/// includes spaces other than U+0020, because they do not separate words.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e01ef}')
}

fn known_kinds_hint(word: &str) -> String {
    let words = CapabilityKind::ALL.map(CapabilityKind::as_str);
    // The macro for requests calls `file-read` `read`.
    let ending = |kind: &&str| kind.split('-').next_back() == Some(word);
    let meant = words.into_iter().find(ending);
    match meant.or_else(|| nearest(word, words)) {
        Some(kind) => format!("did you mean `{kind}`?"),
        None => {
            let kinds = words.map(|kind| format!("`{kind}`"));
            format!("known kinds are {}", kinds.join(", "))
        }
    }
}
