//! The functions of `airssys:secrets/store`.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::Operation;
use wasmtime::component::HasData;

use super::{InstanceSecrets, Secrets};
use crate::capability::bindings::secrets::{Error, Host};
use crate::instance::InstanceState;

/// The part of an instance that this capability uses.
pub(super) fn view(state: &mut InstanceState) -> SecretsView<'_> {
    SecretsView(state.slot())
}

pub(in crate::capability) struct SecretsView<'a>(&'a InstanceSecrets);

impl HasData for Secrets {
    type Data<'a> = SecretsView<'a>;
}

impl Host for SecretsView<'_> {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        let operation = Operation::Named {
            kind: CapabilityKind::Secret,
            name: name.clone(),
        };
        let caller = &self.0.caller;
        if caller.authority.ask(operation, caller.call()).is_err() {
            return Ok(Err(Error::Denied));
        }
        Ok(match self.0.store.secret(&name).await {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(Error::Missing),
            Err(_) => Err(Error::Unavailable),
        })
    }
}
