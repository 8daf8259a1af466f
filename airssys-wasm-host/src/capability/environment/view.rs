//! The functions of `wasi:cli/environment`.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::Operation;
use wasmtime::component::HasData;
use wasmtime_wasi::p2::bindings::cli::environment::Host;

use super::{Environment, InstanceEnvironment};
use crate::instance::InstanceState;

/// The part of an instance that this capability uses.
pub(super) fn view(state: &mut InstanceState) -> EnvironmentView<'_> {
    EnvironmentView(state.slot())
}

pub(in crate::capability) struct EnvironmentView<'a>(&'a InstanceEnvironment);

impl HasData for Environment {
    type Data<'a> = EnvironmentView<'a>;
}

impl EnvironmentView<'_> {
    fn may_read(&self, name: &str) -> bool {
        let operation = Operation::Named {
            kind: CapabilityKind::Env,
            name: name.to_owned(),
        };
        let caller = &self.0.caller;
        caller.authority.ask(operation, caller.call()).is_ok()
    }
}

impl Host for EnvironmentView<'_> {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        let variables = self.0.revision.variables.iter();
        let readable = variables.filter(|(name, _)| self.may_read(name));
        Ok(readable.cloned().collect())
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.0.revision.arguments.clone())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}
