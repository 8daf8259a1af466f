//! One revision of a deployment: a component with everything it runs under.
//!
//! Immutable; serving is `serving`'s task. Tests: through the rooms that use it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::world::Function;
use airssys_wasm_core::{ComponentName, FunctionName, Instancing, Limits};
use parking_lot::RwLock;
use wasmtime::component::ComponentExportIndex;

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
    exports: RwLock<HashMap<FunctionName, ComponentExportIndex>>,
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
            call_ticks: Ticks::lasting(self.limits.call_deadline),
            limits: self.limits,
            instancing: self.instancing,
            printer: Arc::new(printer),
            exports: RwLock::default(),
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

    /// Where an instance of this revision has the function that a name means.
    pub(crate) fn export(&self, name: &FunctionName) -> Result<ComponentExportIndex> {
        if let Some(index) = self.exports.read().get(name) {
            return Ok(*index);
        }
        let function = &self.function(name)?.name;
        let compiled = self.program.compiled();
        let interface = match function.interface() {
            Some(interface) => compiled.get_export_index(None, interface).map(Some),
            None => Some(None),
        };
        let index = interface
            .and_then(|interface| compiled.get_export_index(interface.as_ref(), function.function()))
            .ok_or_else(|| {
                Error::new(ErrorKind::Internal, format!("`{function}` of {self} is decoded and not compiled"))
            })?;
        self.exports.write().insert(name.clone(), index);
        Ok(index)
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
