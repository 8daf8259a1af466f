//! The name under which a component is deployed and called.
//!
//! Only parses names; does not know which of them are deployed.
//! Tests: in this file, `airssys-wasm-core/tests/names.rs`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// The name of a component, which stays the same while its versions change.
///
/// Written `name` or `namespace:name`. Each part consists of lower-case ASCII letters and digits,
/// in words joined by single `-` or `_`, and begins with a letter. The whole name has at most
/// [`ComponentName::LENGTH_MAX`] bytes. Cloning is cheap.
///
/// ```
/// use airssys_wasm_core::ComponentName;
///
/// let name: ComponentName = "demo:greeter".parse()?;
/// assert_eq!(name.as_str(), "demo:greeter");
/// assert!("Greeter".parse::<ComponentName>().is_err());
/// # Ok::<(), airssys_wasm_core::ComponentNameError>(())
/// ```
///
/// With the feature `serde`, it is that text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(try_from = "String", into = "String")
)]
pub struct ComponentName(Arc<str>);

impl ComponentName {
    /// The maximum length of a name, in bytes. Keeps a row of a table on one line.
    pub const LENGTH_MAX: usize = 128;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ComponentName {
    type Err = ComponentNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check_length(text)?;
        let mut parts = text.split(':');
        let mut offset = 0;
        for part in parts.by_ref().take(2) {
            check_part(text, part, offset)?;
            offset += part.len() + 1;
        }
        if parts.next().is_some() {
            return Err(ComponentNameError::unexpected(text, offset - 1));
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ComponentName {
    type Error = ComponentNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ComponentName> for String {
    fn from(name: ComponentName) -> Self {
        name.as_str().to_owned()
    }
}

impl AsRef<str> for ComponentName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ComponentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The reason a text is not a component name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ComponentNameError {
    /// The name, or one of its two parts, is empty.
    #[error(
        "the name or namespace is empty in `{text}`; write for example `greeter` or `demo:greeter`"
    )]
    Empty {
        /// The text as given, escaped.
        text: String,
    },
    /// A character is not allowed at its position.
    #[error(
        "unexpected {found:?} at column {column} of the component name `{text}`; names are lower-case words of letters and digits joined by `-` or `_`, with at most one namespace before a `:`"
    )]
    Unexpected {
        /// The text as given, escaped.
        text: String,
        /// The unexpected character.
        found: char,
        /// The position, in characters, counted from 1.
        column: usize,
    },
    /// A part ends in `-` or `_`.
    #[error("a part of the component name `{text}` ends in `-` or `_`; remove it")]
    TrailingSeparator {
        /// The text as given, escaped.
        text: String,
    },
    /// The name is too long.
    #[error(
        "a component name of {length} bytes; at most {} are allowed",
        ComponentName::LENGTH_MAX
    )]
    TooLong {
        /// The length of the name, in bytes.
        length: usize,
    },
}

impl ComponentNameError {
    fn unexpected(text: &str, byte: usize) -> Self {
        let found = text[byte..].chars().next().unwrap_or(':');
        Self::Unexpected {
            text: text.escape_debug().to_string(),
            found,
            column: text[..byte].chars().count() + 1,
        }
    }
}

fn check_length(text: &str) -> Result<(), ComponentNameError> {
    match text.len() {
        0 => Err(ComponentNameError::Empty {
            text: String::new(),
        }),
        length if length > ComponentName::LENGTH_MAX => Err(ComponentNameError::TooLong { length }),
        _ => Ok(()),
    }
}

fn check_part(text: &str, part: &str, offset: usize) -> Result<(), ComponentNameError> {
    if part.is_empty() {
        return Err(ComponentNameError::Empty {
            text: text.escape_debug().to_string(),
        });
    }
    let mut before = '-';
    for (at, found) in part.char_indices() {
        let allowed = match found {
            'a'..='z' => true,
            '0'..='9' => at > 0,
            '-' | '_' => !matches!(before, '-' | '_'),
            _ => false,
        };
        if !allowed {
            return Err(ComponentNameError::unexpected(text, offset + at));
        }
        before = found;
    }
    if matches!(before, '-' | '_') {
        return Err(ComponentNameError::TrailingSeparator {
            text: text.escape_debug().to_string(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_cargo_and_registries_use() {
        for text in [
            "greeter",
            "my-component",
            "hello_world",
            "demo:greeter",
            "a",
            "v8-2",
        ] {
            assert_eq!(text.parse::<ComponentName>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn errors_have_a_position() {
        let cases = [
            ("", "empty"),
            (":x", "empty"),
            ("x:", "empty"),
            ("Greeter", "'G' at column 1"),
            ("gree ter", "' ' at column 5"),
            ("a--b", "'-' at column 3"),
            ("a:b:c", "':' at column 4"),
            ("9lives", "'9' at column 1"),
            ("greeter-", "ends in `-`"),
            ("grüße", "'ü' at column 3"),
            (":\n", r"`:\n`"),
            ("a-:\u{202e}", r"`a-:\u{202e}`"),
            ("a/../b", "'/' at column 2"),
        ];
        for (text, expected) in cases {
            let message = text.parse::<ComponentName>().expect_err(text).to_string();
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }

    #[test]
    fn bounds_the_length() {
        let longest = "a".repeat(ComponentName::LENGTH_MAX);
        assert!(longest.parse::<ComponentName>().is_ok());
        assert!(format!("{longest}a").parse::<ComponentName>().is_err());
    }
}
