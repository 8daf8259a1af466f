//! The number and lifetime of a deployment's instances.
//!
//! Defines only the choice and its text; the host's `deployment` module implements it.
//! Tests: in this file.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use thiserror::Error;

/// The choice of the instance that serves a call.
///
/// ```
/// use airssys_wasm_core::Instancing;
///
/// assert_eq!("pooled 8".parse(), Ok(Instancing::pooled(8)));
/// assert_eq!(Instancing::default(), Instancing::PerCall);
/// ```
///
/// With the feature `serde`, it is that text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(try_from = "String", into = "String")
)]
#[non_exhaustive]
pub enum Instancing {
    /// A fresh instance for every call: calls share no memory.
    #[default]
    PerCall,
    /// Up to `max` instances, each serving one call at a time. Memory left by one call may be seen
    /// by a later one.
    Pooled {
        /// The maximum number of instances.
        max: NonZeroU32,
    },
    /// A single instance that serves all calls in sequence, and whose memory is the component's
    /// state.
    Stateful,
}

impl Instancing {
    /// Returns [`Instancing::Pooled`] with `max` instances, at least one.
    #[must_use]
    pub fn pooled(max: u32) -> Self {
        Self::Pooled {
            max: NonZeroU32::new(max).unwrap_or(NonZeroU32::MIN),
        }
    }
}

impl fmt::Display for Instancing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerCall => f.write_str("per-call"),
            Self::Pooled { max } => write!(f, "pooled {max}"),
            Self::Stateful => f.write_str("stateful"),
        }
    }
}

impl FromStr for Instancing {
    type Err = InstancingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(' ').unwrap_or((text, "")) {
            ("per-call", "") => Ok(Self::PerCall),
            ("stateful", "") => Ok(Self::Stateful),
            ("pooled", max) => {
                max.parse()
                    .map(|max| Self::Pooled { max })
                    .map_err(|_| InstancingError {
                        text: text.escape_debug().to_string(),
                    })
            }
            _ => Err(InstancingError {
                text: text.escape_debug().to_string(),
            }),
        }
    }
}

impl TryFrom<String> for Instancing {
    type Error = InstancingError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Instancing> for String {
    fn from(instancing: Instancing) -> Self {
        instancing.to_string()
    }
}

/// A text that is not an instancing mode.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not an instancing mode; write `per-call`, `pooled 8` (any number from 1) or `stateful`"
)]
pub struct InstancingError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parses() {
        for text in ["per-call", "pooled 1", "pooled 64", "stateful"] {
            assert_eq!(text.parse::<Instancing>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "pooled",
            "pooled 0",
            "pooled many",
            "Stateful",
            "per-call 2",
        ] {
            assert!(text.parse::<Instancing>().is_err(), "{text:?}");
        }
    }
}
