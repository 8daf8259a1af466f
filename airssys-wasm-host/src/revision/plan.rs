//! A revision before it has a program: its component, its terms, and what it has opened.
//!
//! Tests: `tests/suite/promises`.

use std::sync::Arc;

use airssys_wasm_core::policy::Policy;
use airssys_wasm_core::terms::Terms;
use airssys_wasm_core::{ComponentName, Rule};
use parking_lot::RwLock;

use super::{LinkBindings, LinkSet, Revision};
use crate::capability::{
    Authority, BlockingSlots, Console, OpenCapabilities, Printer, RevisionOpening,
};
use crate::clock::Ticks;
use crate::data::SharedValues;
use crate::observe::{GuestLog, Identity, LogBudget};
use crate::program::Program;
use crate::services::HostServices;
use crate::{Component, Result, linker};

/// Everything a revision is made of except its program.
pub(crate) struct RevisionPlan {
    pub(crate) name: ComponentName,
    pub(crate) number: u64,
    pub(crate) component: Component,
    /// Its links include those inherited from the previous revision.
    pub(crate) terms: Terms,
    /// Revocations lifted by the grants.
    pub(crate) lifted_revocations: Vec<Rule>,
    pub(crate) grant_origin: GrantOrigin,
    /// Connects the guest to the program that runs it.
    pub(crate) console: Option<Arc<Console>>,
    /// The embedder's data, of the host and of the deployment.
    pub(crate) data: SharedValues,
    /// The links of the terms that were selected for this revision itself.
    pub(crate) explicit_links: LinkBindings,
    /// Deployments that serve its imports, once resolved.
    pub(crate) links: Arc<dyn LinkSet>,
    /// Its authority and open capabilities, once prepared.
    pub(crate) authority: Option<PreparedAuthority>,
}

/// The origin of a revision's grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantOrigin {
    /// They were given with this revision, after this number of revocations.
    Explicit { revocations_seen: usize },
    /// They were inherited from the previous revision.
    Inherited,
}

/// The authority of a revision, and the capabilities opened for it.
#[derive(Clone)]
pub(crate) struct PreparedAuthority {
    pub(crate) authority: Arc<Authority>,
    pub(crate) open_capabilities: Arc<OpenCapabilities>,
}

impl RevisionPlan {
    /// The policy that requests and grants form together.
    pub(crate) fn policy(&self) -> Policy {
        Policy::with_requested(
            self.component.requested().clone(),
            self.terms.grants.clone(),
        )
    }

    /// Opens the granted capabilities. Blocks.
    pub(crate) fn open(&mut self, services: &HostServices) -> Result<PreparedAuthority> {
        let policy = self.policy();
        let terms = &self.terms.fixed;
        let clock = services.engines.clock();
        let share = services.shares.get(&self.name);
        let opening = RevisionOpening {
            world: self.component.world(),
            policy: &policy,
            settings: &services.capabilities,
            share: &share,
            blocking_slots: &BlockingSlots::new(&share, terms.limits.blocking_operations_max),
            printer: &Arc::new(self.printer(services)),
            console: self.console.as_ref(),
            clock,
        };
        let open_capabilities = Arc::new(OpenCapabilities::open(&opening)?);
        let audit = Arc::clone(&services.audit);
        let identity = self.identity();
        let clock = Arc::clone(clock);
        let prepared = PreparedAuthority {
            authority: Authority::new(identity, policy, terms.enforcement, audit, clock),
            open_capabilities,
        };
        self.authority = Some(prepared.clone());
        Ok(prepared)
    }

    fn identity(&self) -> Identity {
        Identity {
            deployment: self.name.clone(),
            revision: self.number,
            version: self.component.version().cloned(),
            digest: self.component.digest(),
        }
    }

    fn printer(&self, services: &HostServices) -> Printer {
        Printer {
            deployment: self.name.clone(),
            revision: self.number,
            version: self.component.version().cloned(),
            log: Arc::clone(&services.guest_log) as Arc<dyn GuestLog>,
            budget: LogBudget::new(self.terms.fixed.limits.log_bytes_per_second_max),
            clock: Arc::clone(services.engines.clock()),
        }
    }

    /// Completes the revision. Returns `None` if its capabilities have not been opened.
    pub(crate) fn into_revision(
        self,
        services: &HostServices,
        program: Arc<Program>,
    ) -> Option<Revision> {
        let PreparedAuthority {
            authority,
            open_capabilities,
        } = self.authority?;
        let imports = linker::unprovided(self.component.world(), services.programs.providers());
        let calls_others = imports.iter().any(|import| !import.functions.is_empty());
        let share = Arc::clone(&open_capabilities.share);
        let terms = self.terms.fixed;
        Some(Revision {
            number: self.number,
            component: self.component,
            program,
            // The clock shows the last tick, so one more ensures that no call gets less time.
            call_ticks: Ticks::from_duration(terms.limits.call_deadline).saturating_add(Ticks(1)),
            http_ticks: Ticks::from_duration(terms.limits.http_deadline).saturating_add(Ticks(1)),
            terms,
            share,
            console: self.console,
            authority,
            open_capabilities,
            lifted_revocations: self.lifted_revocations,
            has_links: calls_others,
            data: self.data,
            links: self.links,
            exact_names: RwLock::default(),
        })
    }
}
