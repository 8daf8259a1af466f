//! One revision of a deployment: a component with everything it runs under.
//!
//! Immutable; serving is `serving`'s task. Tests: through the rooms that use it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::policy::{Grants, Policy};
use airssys_wasm_core::world::Function;
use airssys_wasm_core::{ComponentName, FunctionName, Instancing, Limits, Rule};
use parking_lot::RwLock;

use crate::budget::DeploymentShare;
use crate::capability::{Authority, BlockingOperations, Enforcement, Rooms};
use crate::data::SharedData;
use crate::engine::Ticks;
use crate::link::{Bound, Links};
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
    /// The time of an HTTP request, in ticks.
    pub(crate) http_ticks: Ticks,
    pub(crate) instancing: Instancing,
    pub(crate) printer: Arc<Printer>,
    pub(crate) console: Option<Arc<Console>>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) rooms: Arc<Rooms>,
    /// Revocations that its grants lifted.
    pub(crate) lifted: Vec<Rule>,
    pub(crate) links: Arc<Links>,
    /// The embedder's, of the host and the deployment.
    pub(crate) data: SharedData,
    /// Whether it imports functions of others.
    pub(crate) calls_others: bool,
    /// What callers' names mean, once looked up.
    exact_names: RwLock<HashMap<FunctionName, Arc<FunctionName>>>,
}

/// What a revision is made of, before it has a program.
pub(crate) struct Draft {
    pub(crate) name: ComponentName,
    pub(crate) number: u64,
    pub(crate) component: Component,
    pub(crate) limits: Limits,
    pub(crate) instancing: Instancing,
    pub(crate) grants: Grants,
    /// Revocations that the grants lift.
    pub(crate) lifted: Vec<Rule>,
    pub(crate) enforcement: Enforcement,
    pub(crate) approved: Approved,
    /// What connects it to whoever runs it.
    pub(crate) console: Option<Arc<Console>>,
    /// The embedder's, of the host and the deployment.
    pub(crate) data: SharedData,
    /// Who was said to serve its imports.
    pub(crate) bound: Bound,
    /// What of that was said for this one.
    pub(crate) said: Bound,
    /// Who serves them, once that was looked into.
    pub(crate) links: Arc<Links>,
    /// What it may do, once that was looked into.
    pub(crate) powers: Option<Powers>,
}

/// Whether somebody who may gave these grants to this very component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approved {
    /// They were given with it, after so many revocations.
    Now { lifting: usize },
    /// They were given to the revision before it.
    Before,
}

/// What a revision may do, and what that opened.
#[derive(Clone)]
pub(crate) struct Powers {
    pub(crate) authority: Arc<Authority>,
    pub(crate) rooms: Arc<Rooms>,
}

impl Draft {
    /// What requests and grants make together.
    pub(crate) fn policy(&self) -> Policy {
        Policy::of(self.component.requested().clone(), self.grants.clone())
    }

    /// Opens what is granted. Blocks.
    pub(crate) fn open(&mut self, runtime: &Runtime) -> Result<Powers> {
        let identity = Identity {
            component: self.name.clone(),
            revision: self.number,
            version: self.component.version().cloned(),
            digest: self.component.digest(),
        };
        let policy = self.policy();
        let share = runtime.shares.get(&self.name);
        let blocking = BlockingOperations::new(&share, self.limits.blocking_operations_max);
        let rooms = Arc::new(Rooms::open(&policy, &runtime.suppliers, share, blocking)?);
        let (audit, clock) = (
            Arc::clone(&runtime.audit),
            Arc::clone(runtime.engines.clock()),
        );
        let authority = Authority::new(identity, policy, self.enforcement, audit, clock);
        let powers = Powers { authority, rooms };
        self.powers = Some(powers.clone());
        Ok(powers)
    }

    /// The revision, if what it may do has been looked into.
    pub(crate) fn with_program(self, runtime: &Runtime, program: Arc<Program>) -> Option<Revision> {
        let Powers { authority, rooms } = self.powers?;
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
            // The clock shows the last tick: one more, so that no call has less time.
            call_ticks: Ticks::lasting(self.limits.call_deadline).plus(Ticks(1)),
            http_ticks: Ticks::lasting(self.limits.http_deadline).plus(Ticks(1)),
            limits: self.limits,
            share,
            instancing: self.instancing,
            printer: Arc::new(printer),
            console: self.console,
            authority,
            rooms,
            lifted: self.lifted,
            calls_others,
            data: self.data,
            links: self.links,
            exact_names: RwLock::default(),
        })
    }
}

impl Revision {
    /// How long something may be inside: a call, or an HTTP request if it answers any.
    pub(crate) fn longest_ticks(&self) -> Ticks {
        match self.component.world().http_handler() {
            Some(_) => self.call_ticks.max(self.http_ticks),
            None => self.call_ticks,
        }
    }

    pub(crate) fn name(&self) -> &ComponentName {
        &self.printer.component
    }

    /// The exported function that a name means here.
    pub(crate) fn function(&self, name: &FunctionName) -> Result<&Function> {
        self.component
            .world()
            .function(name)
            .map_err(|error| Error::new(ErrorKind::FunctionNotFound, format!("{self} has {error}")))
    }

    /// An export that the world has, and the compiled code has not.
    pub(crate) fn not_compiled(&self, name: &FunctionName) -> Error {
        Error::new(
            ErrorKind::Internal,
            format!("`{name}` of {self} is decoded and not compiled; this is a bug"),
        )
    }

    /// The full name of the function that a name means here.
    pub(crate) fn exact(&self, name: &FunctionName) -> Result<Arc<FunctionName>> {
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
    /// As messages name it: `` `greeter` revision 2 (1.1.0) ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` revision {}", self.name(), self.number)?;
        match self.component.version() {
            Some(version) => write!(f, " ({version})"),
            None => Ok(()),
        }
    }
}
