//! A revision of a deployment: a component with everything it runs under. Immutable; routing calls
//! to it is the task of `deployment/active.rs`.

mod backtrace;
mod deadline;
mod failure;
mod links;
mod plan;
mod start;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::terms::{FixedTerms, Terms};
use airssys_wasm_core::world::Function;
use airssys_wasm_core::{ComponentName, FunctionName, Rule};
use parking_lot::RwLock;
use wasmtime::component::ComponentExportIndex;

pub(crate) use deadline::CallDeadline;
pub(crate) use failure::call_failed;
pub(crate) use links::{LinkBindings, LinkSet, NoLinks};
pub(crate) use plan::{GrantOrigin, RevisionPlan};

use crate::budget::DeploymentShare;
use crate::capability::{Authority, Console, OpenCapabilities};
use crate::clock::Ticks;
use crate::data::SharedValues;
use crate::instance::Instance;
use crate::program::Program;
use crate::{Component, Error, ErrorKind, Result};

pub(crate) struct Revision {
    pub(crate) number: u64,
    pub(crate) component: Component,
    pub(crate) program: Arc<Program>,
    /// All terms but the grants, which `authority` has.
    pub(crate) terms: FixedTerms,
    pub(crate) share: Arc<DeploymentShare>,
    pub(crate) call_ticks: Ticks,
    /// The deadline of an HTTP request, in ticks.
    pub(crate) http_ticks: Ticks,
    pub(crate) console: Option<Arc<Console>>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) open_capabilities: Arc<OpenCapabilities>,
    /// Revocations lifted by its grants.
    pub(crate) lifted_revocations: Vec<Rule>,
    pub(crate) links: Arc<dyn LinkSet>,
    /// The embedder's data, of the host and of the deployment.
    pub(crate) data: SharedValues,
    /// `true` if it imports functions of other deployments.
    pub(crate) has_links: bool,
    /// Full function names by the names that callers use, filled on lookup.
    exact_names: RwLock<HashMap<FunctionName, Arc<FunctionName>>>,
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
        &self.authority.identity.deployment
    }

    /// Returns the terms, with the grants as they are now.
    pub(crate) fn current_terms(&self) -> Terms {
        Terms {
            grants: self.authority.policy().grants().clone(),
            fixed: self.terms.clone(),
        }
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

    /// Returns the index of the function that a name refers to, in an instance of this revision.
    pub(crate) fn export(
        &self,
        instance: &mut Instance,
        name: &FunctionName,
    ) -> Result<ComponentExportIndex> {
        let exact = self.exact_name(name)?;
        let Instance { store, wasm, .. } = instance;
        let interface = match exact.interface() {
            Some(interface) => wasm
                .get_export_index(&mut *store, None, interface)
                .map(Some),
            None => Some(None),
        };
        interface
            .and_then(|interface| {
                wasm.get_export_index(&mut *store, interface.as_ref(), exact.function())
            })
            .ok_or_else(|| self.not_compiled(name))
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
