//! What was revoked before an update, and what becomes of it under new grants.
//!
//! Core decides which revocations grants lift; this knows which there are.
//! Tests: the workspace's `tests/suite/capabilities/lifting`.

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{Grants, Lifted, Lifting};

use crate::deployment::Named;
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// Which revocations the grants of an update may lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RevocationsMayEnd {
    /// Those that the grants name.
    WhereNamed,
    /// Those that the grants name or include.
    WhereGranted,
}

/// The revocations in force when an update was begun.
pub(super) struct Revoked {
    before: Vec<Rule>,
    /// Revoked since then: no grant of the update lifts these.
    since: Vec<Rule>,
}

impl Revoked {
    /// Those of the revision that serves, but for what was revoked after the first `lifting`
    /// revocations of the name.
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

    /// The grants with every revocation that they leave in force, and those that they lift.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LiftsRevocation`] if they lift one that they do not name, and may not.
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
        format!(
            "`{revoked}`, which was revoked, by the grant `{}`",
            by.without_value()
        )
    };
    let told: Vec<String> = lifting.needing_consent().map(told).collect();
    if told.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the update would give back {}; deny it with the update to keep it revoked, grant just that rule to give it back, or consent to lifting revocations",
        super::grants::first_of(&told)
    );
    Err(Error::new(ErrorKind::LiftsRevocation, message))
}
