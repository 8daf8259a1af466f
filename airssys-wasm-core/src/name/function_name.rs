//! The name of an exported function: `interface#function`, or a bare function.
//!
//! Only parses names; `World::function` resolves them.
//! Tests: in this file, `airssys-wasm-core/tests/names.rs`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The name of an exported function.
///
/// `demo:greeter/api#greet` is the function `greet` of the interface `demo:greeter/api`. `greet`
/// alone is a function exported at world level or, if exactly one interface has a function of that
/// name, that function. The version of the interface may be omitted.
///
/// ```
/// use airssys_wasm_core::FunctionName;
///
/// let name: FunctionName = "demo:greeter/api@1.0.0#greet".parse()?;
/// assert_eq!(name.interface(), Some("demo:greeter/api@1.0.0"));
/// assert_eq!(name.function(), "greet");
/// # Ok::<(), airssys_wasm_core::FunctionNameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionName {
    interface: Option<String>,
    function: String,
}

impl FunctionName {
    /// The interface, with its version if specified.
    #[must_use]
    pub fn interface(&self) -> Option<&str> {
        self.interface.as_deref()
    }

    /// The function within the interface, or at world level.
    #[must_use]
    pub fn function(&self) -> &str {
        &self.function
    }

    /// Creates a name from parts of a decoded world.
    pub(crate) fn from_parts(interface: Option<&str>, function: &str) -> Self {
        Self {
            interface: interface.map(str::to_owned),
            function: function.to_owned(),
        }
    }
}

impl FromStr for FunctionName {
    type Err = FunctionNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(found) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(FunctionNameError::Unexpected {
                text: text.escape_debug().to_string(),
                found,
            });
        }
        let (interface, function) = match text.split_once('#') {
            Some((interface, function)) => (Some(interface), function),
            None => (None, text),
        };
        if function.is_empty() || interface == Some("") {
            return Err(FunctionNameError::Empty {
                text: text.escape_debug().to_string(),
            });
        }
        if function.contains('#') {
            return Err(FunctionNameError::Unexpected {
                text: text.escape_debug().to_string(),
                found: '#',
            });
        }
        if function.contains('/') {
            return Err(FunctionNameError::NoFunction {
                text: text.escape_debug().to_string(),
            });
        }
        Ok(Self::from_parts(interface, function))
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.interface {
            Some(interface) => write!(f, "{interface}#{}", self.function),
            None => f.write_str(&self.function),
        }
    }
}

/// The reason a text is not a function name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FunctionNameError {
    /// The interface before `#`, or the function, is empty.
    #[error(
        "`{text}` lacks a part; write `interface#function`, for example `demo:greeter/api#greet`"
    )]
    Empty {
        /// The text as given, escaped.
        text: String,
    },
    /// A character is not allowed in function names.
    #[error("unexpected {found:?} in the function name `{text}`; write `interface#function`")]
    Unexpected {
        /// The text as given, escaped.
        text: String,
        /// The unexpected character.
        found: char,
    },
    /// The text is an interface without a function.
    #[error(
        "`{text}` names an interface, not a function; write `{}`",
        with_function(text)
    )]
    NoFunction {
        /// The text as given, escaped.
        text: String,
    },
}

/// Returns the form of a function's name for a text without `#`: the last `.` may stand for it.
fn with_function(text: &str) -> String {
    match text.rsplit_once('.') {
        Some((interface, function)) if interface.contains('/') && !text.contains('@') => {
            format!("{interface}#{function}")
        }
        _ => format!("{text}#function"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_written() {
        for text in ["greet", "demo:greeter/api#greet", "a:b/c@1.2.3#[method]x.y"] {
            assert_eq!(text.parse::<FunctionName>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn errors_contain_the_missing_part() {
        for (text, expected) in [
            ("", "lacks a part"),
            ("#greet", "lacks a part"),
            ("a:b/c#", "lacks a part"),
            ("a:b/c", "write `a:b/c#function`"),
            ("a:b/c.greet", "write `a:b/c#greet`"),
            ("a b", "' '"),
            ("a#b#c", "'#'"),
            ("\u{202e}#", r"`\u{202e}#`"),
        ] {
            let message = text.parse::<FunctionName>().expect_err(text).to_string();
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }
}
