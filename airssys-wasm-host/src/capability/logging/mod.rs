//! `wasi:logging`: lines for the guest log, within its budget.
//!
//! Open to every component, as printing is.
//! Tests: `tests/suite/capabilities/values.rs`.

mod view;

use std::sync::Arc;

use wasmtime::component::Linker;

use super::bindings::logging;
use super::contract::{Capability, InstanceOpening, RevisionOpening};
use crate::Result;
use crate::engine::Profile;
use crate::instance::InstanceState;

/// Log lines of a guest, with a level.
pub(super) struct GuestLogging;

/// A state without contents: lines go to the output of the instance.
pub(super) struct LoggingState;

impl Capability for GuestLogging {
    type Revision = LoggingState;
    type Instance = LoggingState;

    const INTERFACES: &'static [&'static str] = &["wasi:logging/logging"];

    fn open(_: &RevisionOpening<'_>) -> Result<LoggingState> {
        Ok(LoggingState)
    }

    fn start(_: &Arc<LoggingState>, _: &InstanceOpening<'_>) -> LoggingState {
        LoggingState
    }

    fn link(linker: &mut Linker<InstanceState>, _: Profile) -> wasmtime::Result<()> {
        logging::add_to_linker::<_, Self>(linker, view::view)
    }
}
