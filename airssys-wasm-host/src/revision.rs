//! A revision of a deployment: a component with everything it runs under. Immutable; routing calls
//! to it is the task of `deployment/serving.rs`.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::policy::{Grants, Policy};
use airssys_wasm_core::world::Function;
use airssys_wasm_core::{ComponentName, FunctionName, Instancing, Limits, Rule};
use parking_lot::RwLock;

use crate::budget::DeploymentShare;
use crate::capability::{Authority, BlockingOperations, Enforcement, OpenCapabilities};
use crate::clock::Ticks;
use crate::data::SharedValues;
use crate::link::{LinkBindings, RevisionLinks};
use crate::observe::{GuestLog, Identity, LogBudget};
use crate::program::Program;
use crate::runtime::Runtime;
use crate::wasi::{Console, Printer};
use crate::{Component, Error, ErrorKind, Result, linker};

pub(crate) struct Revision {
    pub(crate) number: u64,
    pub(crate) component: Component,
    pub(crate) program: Arc<Program>,
    pub(crate) limits: Limits,
    pub(crate) share: Arc<DeploymentShare>,
    pub(crate) call_ticks: Ticks,
    /// The deadline of an HTTP request, in ticks.
    pub(crate) http_ticks: Ticks,
    pub(crate) instancing: Instancing,
    pub(crate) printer: Arc<Printer>,
    pub(crate) console: Option<Arc<Console>>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) open_capabilities: Arc<OpenCapabilities>,
    /// Revocations lifted by its grants.
    pub(crate) lifted_revocations: Vec<Rule>,
    pub(crate) links: Arc<RevisionLinks>,
    /// The embedder's data, of the host and of the deployment.
    pub(crate) data: SharedValues,
    /// `true` if it imports functions of other deployments.
    pub(crate) has_links: bool,
    /// Full function names by the names that callers use, filled on lookup.
    exact_names: RwLock<HashMap<FunctionName, Arc<FunctionName>>>,
}

/// Everything a revision is made of except its program.
pub(crate) struct RevisionPlan {
    pub(crate) name: ComponentName,
    pub(crate) number: u64,
    pub(crate) component: Component,
    pub(crate) limits: Limits,
    pub(crate) instancing: Instancing,
    pub(crate) grants: Grants,
    /// Revocations lifted by the grants.
    pub(crate) lifted_revocations: Vec<Rule>,
    pub(crate) enforcement: Enforcement,
    pub(crate) grant_origin: GrantOrigin,
    /// Connects the guest to the program that runs it.
    pub(crate) console: Option<Arc<Console>>,
    /// The embedder's data, of the host and of the deployment.
    pub(crate) data: SharedValues,
    /// Deployments chosen to serve its imports, including choices inherited from the previous
    /// revision.
    pub(crate) bindings: LinkBindings,
    /// The choices made for this revision itself.
    pub(crate) explicit_bindings: LinkBindings,
    /// Deployments that serve its imports, once resolved.
    pub(crate) links: Arc<RevisionLinks>,
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
        Policy::with_requested(self.component.requested().clone(), self.grants.clone())
    }

    /// Opens the granted capabilities. Blocks.
    pub(crate) fn open(&mut self, runtime: &Runtime) -> Result<PreparedAuthority> {
        let identity = Identity {
            component: self.name.clone(),
            revision: self.number,
            version: self.component.version().cloned(),
            digest: self.component.digest(),
        };
        let policy = self.policy();
        let share = runtime.shares.get(&self.name);
        let blocking = BlockingOperations::new(&share, self.limits.blocking_operations_max);
        let rooms = Arc::new(OpenCapabilities::open(
            &policy,
            &runtime.suppliers,
            share,
            blocking,
        )?);
        let (audit, clock) = (
            Arc::clone(&runtime.audit),
            Arc::clone(runtime.engines.clock()),
        );
        let authority = Authority::new(identity, policy, self.enforcement, audit, clock);
        let powers = PreparedAuthority {
            authority,
            open_capabilities: rooms,
        };
        self.authority = Some(powers.clone());
        Ok(powers)
    }

    /// Completes the revision. Returns `None` if its capabilities have not been opened.
    pub(crate) fn into_revision(
        self,
        runtime: &Runtime,
        program: Arc<Program>,
    ) -> Option<Revision> {
        let PreparedAuthority {
            authority,
            open_capabilities: rooms,
        } = self.authority?;
        let imports = linker::unprovided(self.component.world(), runtime.linkers.providers());
        let calls_others = imports.iter().any(|import| !import.functions.is_empty());
        let share = Arc::clone(&rooms.share);
        let printer = Printer {
            component: self.name,
            revision: self.number,
            version: self.component.version().cloned(),
            log: Arc::clone(&runtime.guest_log) as Arc<dyn GuestLog>,
            budget: LogBudget::new(self.limits.log_bytes_per_second_max),
            clock: Arc::clone(runtime.engines.clock()),
        };
        Some(Revision {
            number: self.number,
            component: self.component,
            program,
            // The clock shows the last tick, so one more ensures that no call gets less time.
            call_ticks: Ticks::from_duration(self.limits.call_deadline).saturating_add(Ticks(1)),
            http_ticks: Ticks::from_duration(self.limits.http_deadline).saturating_add(Ticks(1)),
            limits: self.limits,
            share,
            instancing: self.instancing,
            printer: Arc::new(printer),
            console: self.console,
            authority,
            open_capabilities: rooms,
            lifted_revocations: self.lifted_revocations,
            has_links: calls_others,
            data: self.data,
            links: self.links,
            exact_names: RwLock::default(),
        })
    }
}

impl Revision {
    /// The longest time that a call, or an HTTP request if it handles any, may run in this
    /// revision.
    pub(crate) fn deadline_ticks_max(&self) -> Ticks {
        match self.component.world().http_handler() {
            Some(_) => self.call_ticks.max(self.http_ticks),
            None => self.call_ticks,
        }
    }

    pub(crate) fn name(&self) -> &ComponentName {
        &self.printer.component
    }

    /// Returns the exported function that a name denotes in this revision.
    pub(crate) fn function(&self, name: &FunctionName) -> Result<&Function> {
        self.component
            .world()
            .function(name)
            .map_err(|error| Error::new(ErrorKind::FunctionNotFound, format!("{self} has {error}")))
    }

    /// Returns the error for an export that is in the world but not in the compiled code.
    pub(crate) fn not_compiled(&self, name: &FunctionName) -> Error {
        Error::new(
            ErrorKind::Internal,
            format!("`{name}` of {self} is missing from its compiled code; this is a bug"),
        )
    }

    /// Returns the full name of the function that a name denotes in this revision.
    pub(crate) fn exact_name(&self, name: &FunctionName) -> Result<Arc<FunctionName>> {
        if let Some(exact) = self.exact_names.read().get(name) {
            return Ok(Arc::clone(exact));
        }
        let exact = Arc::new(self.function(name)?.name.clone());
        self.exact_names
            .write()
            .insert(name.clone(), Arc::clone(&exact));
        Ok(exact)
    }
}

impl fmt::Display for Revision {
    /// Formats the revision for messages: `` `greeter` revision 2 (1.1.0) ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` revision {}", self.name(), self.number)?;
        match self.component.version() {
            Some(version) => write!(f, " ({version})"),
            None => Ok(()),
        }
    }
}
