//! One revision of a deployment: a component with everything it runs under.
//!
//! Immutable; serving is `serving`'s task. Tests: through the rooms that use it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::world::Function;
use airssys_wasm_core::{ComponentName, FunctionName, Instancing, Limits};
use parking_lot::RwLock;

use crate::engine::Ticks;
use crate::observe::LogBudget;
use crate::program::Program;
use crate::runtime::Runtime;
use crate::wasi::Printer;
use crate::{Component, Error, ErrorKind, Result};

pub(crate) struct Revision {
    pub(crate) number: u64,
    pub(crate) component: Component,
    pub(crate) program: Arc<Program>,
    pub(crate) limits: Limits,
    pub(crate) call_ticks: Ticks,
    pub(crate) instancing: Instancing,
    pub(crate) printer: Arc<Printer>,
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
}

impl Draft {
    pub(crate) fn with_program(self, runtime: &Runtime, program: Arc<Program>) -> Revision {
        let printer = Printer {
            component: self.name,
            revision: self.number,
            version: self.component.version().cloned(),
            log: Arc::clone(&runtime.guest_log),
            budget: LogBudget::new(self.limits.log_bytes_per_second_max),
            clock: Arc::clone(runtime.engines.clock()),
        };
        Revision {
            number: self.number,
            component: self.component,
            program,
            // The clock shows the last tick: one more, so that no call has less time.
            call_ticks: Ticks::lasting(self.limits.call_deadline).plus(Ticks(1)),
            limits: self.limits,
            instancing: self.instancing,
            printer: Arc::new(printer),
            exact_names: RwLock::default(),
        }
    }
}

impl Revision {
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
        self.exact_names.write().insert(name.clone(), Arc::clone(&exact));
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
