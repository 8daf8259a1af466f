//! `wasi:cli/environment`: the granted variables, and nothing else.
//!
//! Values are read when the component is deployed. Arguments are those of the embedder's console,
//! if any, and there is no initial working directory.
//! Tests: `tests/suite/capabilities/values.rs`.

mod open;
mod view;

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::cli::environment;

use super::contract::{Caller, Capability, InstanceOpening, RevisionOpening};
use crate::Result;
use crate::engine::Profile;
use crate::instance::InstanceState;
use open::EnvironmentState;

/// Environment variables by name.
pub(super) struct Environment;

/// The variables of an instance, and its caller.
pub(super) struct InstanceEnvironment {
    revision: Arc<EnvironmentState>,
    caller: Caller,
}

impl Capability for Environment {
    type Revision = EnvironmentState;
    type Instance = InstanceEnvironment;

    const INTERFACES: &'static [&'static str] = &["wasi:cli/environment"];

    fn open(opening: &RevisionOpening<'_>) -> Result<EnvironmentState> {
        EnvironmentState::open(opening)
    }

    fn start(
        revision: &Arc<EnvironmentState>,
        opening: &InstanceOpening<'_>,
    ) -> InstanceEnvironment {
        InstanceEnvironment {
            revision: Arc::clone(revision),
            caller: opening.caller.clone(),
        }
    }

    fn link(linker: &mut Linker<InstanceState>, _: Profile) -> wasmtime::Result<()> {
        environment::add_to_linker::<_, Self>(linker, view::view)
    }
}
