//! Rules that were revoked before an update, and what its new grants do to them.
//!
//! Core decides which revocations the grants lift; this module knows which ones exist.
//! Tests: `tests/suite/capabilities/lifting.rs`.

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{Grants, Lifted, Lifting};

use crate::deployment::Named;
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// The revocations that the grants of an update may lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RevocationsMayEnd {
    /// Those that the grants name.
    WhereNamed,
    /// Those that the grants name or include.
    WhereGranted,
}

/// The revocations in force when an update began.
pub(super) struct Revoked {
    before: Vec<Rule>,
    /// Rules revoked since then. No grant of the update lifts these.
    since: Vec<Rule>,
}

impl Revoked {
    /// Splits the revocations of the active revision: those before the update, and those made after
    /// the first `lifting` revocations of the deployment.
    pub(super) fn before(serving: &Revision, named: &Named, lifting: usize) -> Self {
        let since: Vec<Rule> = named
            .authorization
            .revoked_since(lifting)
            .iter()
            .map(Rule::without_options)
            .collect();
        let policy = serving.authority.policy();
        let before = policy
            .grants()
            .revoked()
            .filter(|rule| !since.contains(rule))
            .cloned()
            .collect();
        Self { before, since }
    }

    /// Returns the grants with every revocation that they leave in force, and the revocations that
    /// they lift.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LiftsRevocation`] if they lift a revocation that they do not name, and
    /// `may_end` does not allow that.
    pub(super) fn under(
        self,
        given: Grants,
        may_end: RevocationsMayEnd,
    ) -> Result<(Grants, Vec<Rule>)> {
        let lifting = given.lifting(&self.before);
        if may_end == RevocationsMayEnd::WhereNamed {
            check_named(&lifting)?;
        }
        let lifted = lifting
            .lifted
            .into_iter()
            .map(|lifted| lifted.revoked)
            .collect();
        Ok((
            given.with_revoked(lifting.kept.into_iter().chain(self.since)),
            lifted,
        ))
    }
}

fn check_named(lifting: &Lifting) -> Result<()> {
    let told = |Lifted { revoked, by, .. }: &Lifted| {
        format!("`{revoked}`, by the grant `{}`", by.without_value())
    };
    let told: Vec<String> = lifting.needing_consent().map(told).collect();
    if told.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the update would restore what was revoked: {}; deny it in the update to keep it revoked, grant exactly that rule to restore it, or consent to lifting revocations",
        super::grants::first_of(&told)
    );
    Err(Error::new(ErrorKind::LiftsRevocation, message))
}
