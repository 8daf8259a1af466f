//! A function of another deployment.
//!
//! Tests: `tests/suite/links`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::world::{Function, Interface};

use super::passing::ValuePassing;
use crate::Result;
use crate::deployment::DeploymentEntry;

/// Functions of other deployments, by their places among the imports.
pub(super) type LinkedFunctions = Arc<Vec<Arc<LinkedFunction>>>;

/// A function of another deployment.
pub(super) struct LinkedFunction {
    /// The path of the interface, which the caller must be granted.
    pub(super) interface: String,
    /// The interface with the version that is imported.
    pub(super) version: String,
    pub(super) target: Arc<DeploymentEntry>,
    pub(super) passing: ValuePassing,
}

impl LinkedFunction {
    /// Connects a function that `caller` imports to `target`, which exports it.
    pub(super) fn connect(
        caller: &ComponentName,
        import: &Interface,
        function: &Function,
        target: &Arc<DeploymentEntry>,
    ) -> Result<Self> {
        let passing = ValuePassing::connect(target, function, caller)?;
        let (interface, version) = (import.name.path().to_owned(), import.name.to_string());
        Ok(Self {
            interface,
            version,
            target: Arc::clone(target),
            passing,
        })
    }
}
