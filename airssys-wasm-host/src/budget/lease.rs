//! A lease on one descriptor or one blocking operation.
//!
//! Tests: in this file.

use std::fmt;
use std::sync::Arc;

use super::pool::{BudgetPart, Shortage};
use super::share::DeploymentShare;

/// A unit of a budget part taken by a deployment. Dropping it returns the unit.
///
/// Keeps the deployment's share alive: a deployment removed and deployed again under the same name
/// shares it with leases that still exist.
pub(crate) struct BudgetLease {
    share: Arc<DeploymentShare>,
    part: PartSelector,
}

type PartSelector = fn(&DeploymentShare) -> &BudgetPart;

impl BudgetLease {
    /// Takes one unit of a part, such as [`DeploymentShare::descriptors`].
    pub(crate) fn take(share: &Arc<DeploymentShare>, part: PartSelector) -> Result<Self, Shortage> {
        part(share).take(1)?;
        Ok(Self {
            share: Arc::clone(share),
            part,
        })
    }
}

impl Drop for BudgetLease {
    fn drop(&mut self) {
        (self.part)(&self.share).release(1);
    }
}

impl fmt::Debug for BudgetLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(self.share.name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, DeploymentShares};
    use super::*;

    #[test]
    fn keeps_its_share_alive_and_returns_its_unit() {
        let shares = DeploymentShares::new(&Budget {
            descriptors: 4,
            ..Budget::from_machine()
        });
        let name = "greeter".parse().expect("a name");
        let take = || BudgetLease::take(&shares.get(&name), DeploymentShare::descriptors);
        let first = take().expect("there are two");
        let second = take().expect("the share is the same");
        assert_eq!(take().err(), Some(Shortage::Share(2)));
        drop(second);
        take().expect("one was given back");
        drop(first);
        assert_eq!(shares.get(&name).descriptors().taken(), 0);
    }
}
