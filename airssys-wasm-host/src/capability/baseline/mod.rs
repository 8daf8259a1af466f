//! Interfaces that every component may use without a grant: streams, clocks, random numbers, and
//! output.
//!
//! The runtimes of most languages need clocks and random numbers to start.
//!
//! | file | contents |
//! |---|---|
//! | `wasi_context` | WASI's own context of an instance |
//! | `console` | arguments, stdin and output that an embedder sets |
//! | `output`, `printer`, `log_stream`, `last_lines` | guest output, cut into lines of one call each |
//! | `service` | the interfaces of WASI 0.3, for HTTP services |
//!
//! Tests: `tests/suite/authority.rs`, `tests/suite/limits.rs`.

mod console;
mod last_lines;
mod log_stream;
mod output;
mod printer;
#[cfg(feature = "http")]
mod service;
mod wasi_context;

use std::sync::Arc;

use airssys_wasm_core::world::World;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::p2::bindings::{cli, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};

pub use console::Console;
pub(crate) use output::InstanceOutput;
pub(crate) use printer::Printer;
pub(crate) use wasi_context::wasi_context;

use super::contract::{Caller, Capability, InstanceOpening, RevisionOpening};
use crate::Result;
use crate::engine::Profile;
use crate::instance::InstanceState;

/// Streams, clocks, random numbers, stdio and exit.
pub(super) struct Baseline;

/// The destination of a revision's output.
pub(super) struct BaselineState {
    printer: Arc<Printer>,
    console: Option<Arc<Console>>,
}

/// The state that every instance has.
pub(crate) struct InstanceBaseline {
    pub(crate) output: Arc<InstanceOutput>,
    /// The caller on whose behalf the capabilities of an embedder ask.
    pub(crate) caller: Caller,
}

impl Capability for Baseline {
    type Revision = BaselineState;
    type Instance = InstanceBaseline;

    const INTERFACES: &'static [&'static str] = &[
        "wasi:cli/exit",
        "wasi:cli/stderr",
        "wasi:cli/stdin",
        "wasi:cli/stdout",
        "wasi:cli/terminal-input",
        "wasi:cli/terminal-output",
        "wasi:cli/terminal-stderr",
        "wasi:cli/terminal-stdin",
        "wasi:cli/terminal-stdout",
        "wasi:cli/types",
        "wasi:clocks/monotonic-clock",
        "wasi:clocks/system-clock",
        "wasi:clocks/types",
        "wasi:clocks/wall-clock",
        "wasi:io/error",
        "wasi:io/poll",
        "wasi:io/streams",
        "wasi:random/insecure",
        "wasi:random/insecure-seed",
        "wasi:random/random",
    ];

    fn open(opening: &RevisionOpening<'_>) -> Result<BaselineState> {
        Ok(BaselineState {
            printer: Arc::clone(opening.printer),
            console: opening.console.cloned(),
        })
    }

    /// Every component has output.
    fn is_used_by(_: &World) -> bool {
        true
    }

    fn start(revision: &Arc<BaselineState>, opening: &InstanceOpening<'_>) -> InstanceBaseline {
        let output = InstanceOutput::new(
            Arc::clone(&revision.printer),
            revision.console.clone(),
            Arc::clone(&opening.caller.calls),
        );
        InstanceBaseline {
            output,
            caller: opening.caller.clone(),
        }
    }

    fn link(linker: &mut Linker<InstanceState>, profile: Profile) -> wasmtime::Result<()> {
        wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
        random::insecure::add_to_linker::<_, WasiRandom>(linker, InstanceState::random)?;
        random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, InstanceState::random)?;
        cli::exit::add_to_linker::<_, WasiCli>(linker, InstanceState::cli)?;
        cli::terminal_input::add_to_linker::<_, WasiCli>(linker, InstanceState::cli)?;
        cli::terminal_output::add_to_linker::<_, WasiCli>(linker, InstanceState::cli)?;
        cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, InstanceState::cli)?;
        cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, InstanceState::cli)?;
        cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, InstanceState::cli)?;
        #[cfg(feature = "http")]
        service::link(linker, profile)?;
        #[cfg(not(feature = "http"))]
        let _ = profile;
        Ok(())
    }
}
