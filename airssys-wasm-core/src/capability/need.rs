//! How much a component needs what it requests, and what for.
//!
//! Tests: below, and beside `requests`.

use super::error::hidden;
use crate::bounds::REASONS_BYTES_MAX;

/// How much a component needs what it requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it the component is not deployed.
    Required,
    /// Without it the component runs all the same.
    Optional {
        /// What it would be used for, for the operator who decides.
        reason: String,
    },
}

/// Why a text is no reason for an optional request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("say in a line what it would be used for")]
pub struct ReasonError;

impl Need {
    /// Optional, and what for.
    ///
    /// # Errors
    ///
    /// [`ReasonError`] if the reason is empty, or has a line feed or another
    /// character that does not show.
    pub fn optional(reason: impl Into<String>) -> Result<Self, ReasonError> {
        let reason = reason.into();
        match reason.trim().is_empty() || reason.chars().any(hidden) {
            true => Err(ReasonError),
            false => Ok(Self::Optional { reason }),
        }
    }

    /// What both ask together: one that is required stays so, and reasons are put
    /// together.
    ///
    /// # Errors
    ///
    /// [`TooManyReasons`]; nothing is changed then. The bound makes each merge cost no more
    /// than a reason of that length.
    pub(super) fn merge(&mut self, other: Self) -> Result<(), TooManyReasons> {
        match (&mut *self, other) {
            (Self::Optional { reason }, Self::Optional { reason: other }) => {
                if reason.split("; ").any(|known| known == other) {
                    return Ok(());
                }
                let bytes = reason.len() + 2 + other.len();
                if bytes > REASONS_BYTES_MAX {
                    return Err(TooManyReasons { bytes });
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
pub(super) struct TooManyReasons {
    pub(super) bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_can_be_shown_in_a_line() {
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
