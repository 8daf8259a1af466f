//! The enforcement mode of grants.
//!
//! Tests: `airssys-wasm-core/src/terms/mod.rs`, `tests/suite/terms.rs`.

/// The enforcement mode of a deployment's grants.
///
/// With the feature `serde`, it is a boolean, for a key `audit-only`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// Everything not both requested and granted is denied.
    #[default]
    Enforced,
    /// Everything granted is allowed, requested or not, and the smallest set of rules that would
    /// have sufficed is recorded. For components without requests of their own, in environments
    /// where they can do no harm.
    AuditOnly,
}

#[cfg(feature = "serde")]
impl serde::Serialize for Enforcement {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bool(*self == Self::AuditOnly)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Enforcement {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match bool::deserialize(from)? {
            true => Self::AuditOnly,
            false => Self::Enforced,
        })
    }
}
