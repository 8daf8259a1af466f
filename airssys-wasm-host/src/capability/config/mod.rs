//! `wasi:config/store`: the granted keys with their values.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

mod open;
mod view;

use std::sync::Arc;

use wasmtime::component::Linker;

use super::bindings::config;
use super::contract::{Caller, Capability, InstanceOpening, RevisionOpening};
use crate::Result;
use crate::engine::Profile;
use crate::instance::InstanceState;
use open::ConfigState;

/// Configuration values by key.
pub(super) struct Config;

/// The configuration of an instance, and its caller.
pub(super) struct InstanceConfig {
    revision: Arc<ConfigState>,
    caller: Caller,
}

impl Capability for Config {
    type Revision = ConfigState;
    type Instance = InstanceConfig;

    const INTERFACES: &'static [&'static str] = &["wasi:config/store"];

    fn open(opening: &RevisionOpening<'_>) -> Result<ConfigState> {
        ConfigState::open(opening.policy)
    }

    fn start(revision: &Arc<ConfigState>, opening: &InstanceOpening<'_>) -> InstanceConfig {
        InstanceConfig {
            revision: Arc::clone(revision),
            caller: opening.caller.clone(),
        }
    }

    fn link(linker: &mut Linker<InstanceState>, _: Profile) -> wasmtime::Result<()> {
        config::add_to_linker::<_, Self>(linker, view::view)
    }
}
