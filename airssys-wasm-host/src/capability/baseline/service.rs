//! The interfaces of WASI 0.3 that every HTTP service may use, linked where `async` functions run.
//!
//! Tests: `tests/suite/http`.

use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::p3::bindings::{cli, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};

use crate::engine::Profile;
use crate::instance::InstanceState;

pub(super) fn link(linker: &mut Linker<InstanceState>, profile: Profile) -> wasmtime::Result<()> {
    if !profile.concurrency {
        return Ok(());
    }
    wasmtime_wasi::p3::clocks::add_to_linker(linker)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, InstanceState::random)?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, InstanceState::random)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, InstanceState::random)?;
    cli::stdin::add_to_linker::<_, WasiCli>(linker, InstanceState::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(linker, InstanceState::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(linker, InstanceState::cli)
}
