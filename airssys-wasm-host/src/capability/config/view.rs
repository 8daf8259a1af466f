//! The functions of `wasi:config/store`.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::Operation;
use wasmtime::component::HasData;

use super::{Config, InstanceConfig};
use crate::capability::bindings::config::{Error, Host};
use crate::instance::InstanceState;

/// The part of an instance that this capability uses.
pub(super) fn view(state: &mut InstanceState) -> ConfigView<'_> {
    ConfigView(state.slot())
}

pub(in crate::capability) struct ConfigView<'a>(&'a InstanceConfig);

impl HasData for Config {
    type Data<'a> = ConfigView<'a>;
}

impl ConfigView<'_> {
    fn may_read(&self, key: &str) -> bool {
        let operation = Operation::Named {
            kind: CapabilityKind::Config,
            name: key.to_owned(),
        };
        let caller = &self.0.caller;
        caller.authority.ask(operation, caller.call()).is_ok()
    }
}

impl Host for ConfigView<'_> {
    fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        let value = self
            .may_read(&key)
            .then(|| self.0.revision.0.get(&key).cloned());
        Ok(Ok(value.flatten()))
    }

    fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        let entries = self.0.revision.0.iter();
        let readable = entries.filter(|(key, _)| self.may_read(key));
        Ok(Ok(readable
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()))
    }
}
