//! Rules that were revoked before an update, and what its new grants do to them.
//!
//! Core decides which revocations the grants lift; this module knows which ones exist.
//! Tests: `tests/suite/capabilities/lifting.rs`.

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{Grants, LiftedRevocation, RevocationReview};

use crate::deployment::DeploymentEntry;
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// The revocations that the grants of an update may lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LiftingConsent {
    /// Those that the grants name.
    NamedOnly,
    /// Those that the grants name or include.
    AnyGranted,
}

/// The revocations in force when an update began.
pub(super) struct PriorRevocations {
    before: Vec<Rule>,
    /// Rules revoked since then. No grant of the update lifts these.
    since: Vec<Rule>,
}

impl PriorRevocations {
    /// Splits the revocations of the active revision: those before the update, and those made after
    /// the first `revocations_seen` revocations of the deployment.
    pub(super) fn from_revision(
        active: &Revision,
        deployment: &DeploymentEntry,
        revocations_seen: usize,
    ) -> Self {
        let since: Vec<Rule> = deployment
            .authorization
            .revoked_since(revocations_seen)
            .iter()
            .map(Rule::without_options)
            .collect();
        let policy = active.authority.policy();
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
    pub(super) fn resolve(
        self,
        given: Grants,
        may_end: LiftingConsent,
    ) -> Result<(Grants, Vec<Rule>)> {
        let review = given.review_revocations(&self.before);
        if may_end == LiftingConsent::NamedOnly {
            check_named(&review)?;
        }
        let lifted = review
            .lifted
            .into_iter()
            .map(|lifted| lifted.revoked)
            .collect();
        Ok((
            given.with_revoked(review.in_force.into_iter().chain(self.since)),
            lifted,
        ))
    }
}

fn check_named(review: &RevocationReview) -> Result<()> {
    let describe = |LiftedRevocation { revoked, grant, .. }: &LiftedRevocation| {
        format!("`{revoked}`, by the grant `{}`", grant.without_value())
    };
    let lifted: Vec<String> = review.requiring_consent().map(describe).collect();
    if lifted.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the update would restore what was revoked: {}; deny it in the update to keep it revoked, grant exactly that rule to restore it, or consent to lifting revocations",
        super::grants::join_first(&lifted)
    );
    Err(Error::new(ErrorKind::LiftsRevocation, message))
}
