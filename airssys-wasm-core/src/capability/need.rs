//! Required and optional requests, and the reasons for optional ones.
//!
//! Tests: in this file, `airssys-wasm-core/src/capability/requests.rs`.

use super::error::is_hidden;
use crate::bounds::REASONS_BYTES_MAX;

/// The degree to which a component needs a requested capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The component is not deployed without it.
    Required,
    /// The component runs without it.
    Optional {
        /// The purpose, for the operator who decides.
        reason: String,
    },
}

/// A text that is not a valid reason for an optional request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give the purpose in one line of visible characters")]
pub struct ReasonError;

impl Need {
    /// An optional need with its reason.
    ///
    /// # Errors
    ///
    /// [`ReasonError`] if the reason is empty, or contains a line feed or another invisible
    /// character.
    pub fn optional(reason: impl Into<String>) -> Result<Self, ReasonError> {
        let reason = reason.into();
        match reason.trim().is_empty() || reason.chars().any(is_hidden) {
            true => Err(ReasonError),
            false => Ok(Self::Optional { reason }),
        }
    }

    /// Combines two needs: required wins over optional, and reasons are joined.
    ///
    /// # Errors
    ///
    /// [`ReasonsTooLong`] if the joined reasons are too long; nothing changes then. The bound also
    /// limits the cost of each merge.
    pub(super) fn merge(&mut self, other: Self) -> Result<(), ReasonsTooLong> {
        match (&mut *self, other) {
            (Self::Optional { reason }, Self::Optional { reason: other }) => {
                if reason.split("; ").any(|known| known == other) {
                    return Ok(());
                }
                let bytes = reason.len() + 2 + other.len();
                if bytes > REASONS_BYTES_MAX {
                    return Err(ReasonsTooLong { bytes });
                }
                reason.push_str("; ");
                reason.push_str(&other);
            }
            (Self::Optional { .. }, Self::Required) => *self = Self::Required,
            (Self::Required, _) => {}
        }
        Ok(())
    }
}

/// The reasons of one request are longer together than [`REASONS_BYTES_MAX`].
#[derive(Clone, Copy, Debug)]
pub(super) struct ReasonsTooLong {
    pub(super) bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_visible_line() {
        for reason in ["", "  ", "a\nb", "a\u{202e}b"] {
            assert_eq!(Need::optional(reason), Err(ReasonError), "{reason:?}");
        }
        assert_eq!(
            Need::optional("metrics"),
            Ok(Need::Optional {
                reason: "metrics".into()
            })
        );
    }
}
