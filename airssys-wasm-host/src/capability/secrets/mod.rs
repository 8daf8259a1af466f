//! `airssys:secrets/store`: secrets by name, from the embedder's store.
//!
//! A value only passes through: it is not stored in the state, in the audit log, or in an error.
//! Tests: `tests/suite/capabilities/values.rs`.

mod open;
mod view;

use std::sync::Arc;

use wasmtime::component::Linker;

pub(crate) use open::NoSecrets;
pub use open::SecretStore;

use super::bindings::secrets;
use super::contract::{Caller, Capability, InstanceOpening, RevisionOpening};
use crate::Result;
use crate::engine::Profile;
use crate::instance::InstanceState;

/// Secrets by name.
pub(super) struct Secrets;

/// The store that an instance reads from, and its caller.
pub(super) struct InstanceSecrets {
    store: Arc<dyn SecretStore>,
    caller: Caller,
}

impl Capability for Secrets {
    type Revision = Arc<dyn SecretStore>;
    type Instance = InstanceSecrets;

    const INTERFACES: &'static [&'static str] = &["airssys:secrets/store"];

    fn open(opening: &RevisionOpening<'_>) -> Result<Arc<dyn SecretStore>> {
        Ok(Arc::clone(&opening.settings.secrets))
    }

    fn start(store: &Arc<Arc<dyn SecretStore>>, opening: &InstanceOpening<'_>) -> InstanceSecrets {
        InstanceSecrets {
            store: Arc::clone(store),
            caller: opening.caller.clone(),
        }
    }

    fn link(linker: &mut Linker<InstanceState>, _: Profile) -> wasmtime::Result<()> {
        secrets::add_to_linker::<_, Self>(linker, view::view)
    }
}
