//! The state that all capabilities of a revision have opened, and that of its instances.
//!
//! Tests: `tests/suite/capabilities`.

use std::sync::Arc;

use airssys_wasm_core::Limits;
use airssys_wasm_core::policy::Policy;
use wasmtime_wasi::WasiCtx;

use super::contract::{AnyCapability, OpenState};
use super::http::Connector;
use super::{
    Authority, CAPABILITIES, Caller, InstanceOpening, Resolver, RevisionOpening, SecretStore,
    baseline,
};
use crate::Result;
use crate::budget::DeploymentShare;
use crate::data::Slots;
use crate::instance::LifetimeFlag;
use crate::observe::CallCounter;

/// The state shared by the instances of a revision.
pub(crate) struct OpenCapabilities {
    all: Vec<OpenCapability>,
    pub(crate) share: Arc<DeploymentShare>,
}

struct OpenCapability {
    capability: &'static dyn AnyCapability,
    state: OpenState,
    /// `true` if the instances have state of this capability as well.
    is_used: bool,
}

/// The settings of the embedder, common to all deployments.
pub(crate) struct CapabilitySettings {
    pub(crate) secrets: Arc<dyn SecretStore>,
    /// The embedder's resolver; `None` uses the system's.
    pub(crate) resolver: Option<Arc<dyn Resolver>>,
    pub(crate) connector: Arc<Connector>,
}

/// The state of an instance: a slot for each capability that it uses, and WASI's own context.
pub(crate) struct InstanceCapabilities {
    pub(crate) slots: Slots,
    pub(crate) wasi: WasiCtx,
}

impl OpenCapabilities {
    /// Opens everything that a policy grants. Blocks.
    ///
    /// # Errors
    ///
    /// [`GrantUnusable`](crate::ErrorKind::GrantUnusable), with the rule.
    pub(crate) fn open(opening: &RevisionOpening<'_>) -> Result<Self> {
        let all = CAPABILITIES.iter().map(|&capability| {
            Ok(OpenCapability {
                capability,
                state: capability.open(opening)?,
                is_used: capability.is_used_by(opening.world),
            })
        });
        Ok(Self {
            all: all.collect::<Result<_>>()?,
            share: Arc::clone(opening.share),
        })
    }

    /// Creates the state of an instance.
    pub(crate) fn start(
        &self,
        authority: &Arc<Authority>,
        calls: &Arc<CallCounter>,
        lifetime: &LifetimeFlag,
        limits: &Limits,
    ) -> InstanceCapabilities {
        let caller = Caller {
            authority: Arc::clone(authority),
            calls: Arc::clone(calls),
        };
        let opening = InstanceOpening { caller, lifetime };
        let mut slots = Slots::with_capacity(self.all.len());
        for open in self.all.iter().filter(|open| open.is_used) {
            open.capability.start(&open.state, &opening, &mut slots);
        }
        let wasi = baseline::wasi_context(limits, &slots);
        InstanceCapabilities { slots, wasi }
    }

    /// Applies a narrower policy, before the authority decides by it.
    pub(super) fn narrow(&self, policy: &Policy) {
        for open in &self.all {
            open.capability.narrow(&open.state, policy);
        }
    }

    /// Closes what no instance may use any more.
    pub(super) fn close_revoked(&self) {
        for open in &self.all {
            open.capability.close_revoked(&open.state);
        }
    }
}
