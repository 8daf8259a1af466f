//! `wasi:logging`: lines for the guest log, within its budget.
//!
//! Open to every component, as printing is.
//! Tests: `tests/suite/capabilities/values.rs`.

mod view;

use std::sync::Arc;

use wasmtime::component::Linker;

use super::bindings::logging;
use super::contract::{Capability, Opening, Starting};
use crate::Result;
use crate::engine::Profile;
use crate::instance::InstanceState;

/// Lines with a level.
pub(super) struct Logging;

/// A state without contents: lines go to the output of the instance.
pub(super) struct LoggingState;

impl Capability for Logging {
    type Revision = LoggingState;
    type Instance = LoggingState;

    const INTERFACES: &'static [&'static str] = &["wasi:logging/logging"];

    fn open(_: &Opening<'_>) -> Result<LoggingState> {
        Ok(LoggingState)
    }

    fn start(_: &Arc<LoggingState>, _: &Starting<'_>) -> LoggingState {
        LoggingState
    }

    fn link(linker: &mut Linker<InstanceState>, _: Profile) -> wasmtime::Result<()> {
        logging::add_to_linker::<_, Self>(linker, view::view)
    }
}
