//! The wasmtime engines of a host, and the only place that configures wasmtime.
//!
//! A profile is chosen by a component's types and limits. Each profile has an engine with a pooling
//! allocator and one without, created on first use.
//!
//! Tests: in this file, `tests/suite/components.rs`, `tests/suite/limits.rs`.

mod config;
mod ticker;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use parking_lot::Mutex;
use wasmtime::Engine;

pub(crate) use config::{Allocation, Profile};

use crate::clock::{Clock, TestClock};
use crate::scheduler::RunPermits;
use crate::{Error, ErrorKind, Result};
pub(crate) use ticker::PeriodicTask;
use ticker::Ticker;

/// An engine with a hash that identifies code compiled for it.
#[derive(Clone)]
pub(crate) struct CompileTarget {
    pub(crate) profile: Profile,
    pub(crate) engine: Engine,
    /// A hash of all compiler settings, cached because it is expensive to compute.
    pub(crate) settings_hash: u64,
}

/// The engines of a host, and the clock they share.
pub(crate) struct Engines {
    engines: Mutex<HashMap<(Profile, Allocation), CompileTarget>>,
    pooled_instances_max: u32,
    clock: Arc<Clock>,
    permits: Arc<RunPermits>,
    ticker: Ticker,
}

impl Engines {
    /// Creates the engines and starts the ticker, which runs `tasks` once a second.
    pub(crate) fn new(
        pooled_instances_max: u32,
        clock: TestClock,
        tasks: Vec<PeriodicTask>,
    ) -> Result<Self> {
        let clock = Arc::new(Clock::new(clock));
        let permits = Arc::new(RunPermits::new(Arc::clone(&clock)));
        let ticker =
            Ticker::start(Arc::clone(&clock), Arc::clone(&permits), tasks).map_err(|error| {
                Error::new(
                    ErrorKind::Internal,
                    "cannot start the thread that enforces deadlines",
                )
                .with_source(error)
            })?;
        Ok(Self {
            engines: Mutex::default(),
            pooled_instances_max,
            clock,
            permits,
            ticker,
        })
    }

    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    pub(crate) fn permits(&self) -> &Arc<RunPermits> {
        &self.permits
    }

    /// Returns the engine for a profile. Fails for [`Allocation::Pooled`] if the pool's address
    /// space cannot be reserved.
    pub(crate) fn get(&self, profile: Profile, allocation: Allocation) -> Result<CompileTarget> {
        let mut engines = self.engines.lock();
        if let Some(compiling) = engines.get(&(profile, allocation)) {
            return Ok(compiling.clone());
        }
        let config = config::config(profile, allocation, self.pooled_instances_max);
        let engine = Engine::new(&config).map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                format!("cannot create an engine: {error:#}"),
            )
        })?;
        self.ticker.add(engine.weak());
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        let compiling = CompileTarget {
            profile,
            engine,
            settings_hash: settings.finish(),
        };
        engines.insert((profile, allocation), compiling.clone());
        Ok(compiling)
    }
}

/// Creates an engine that only compiles for a profile. Both engines of the profile can load its
/// code.
pub(crate) fn compile_only_engine(profile: Profile) -> wasmtime::Result<Engine> {
    Engine::new(&config::config(profile, Allocation::OnDemand, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_fits_every_engine_of_its_profile() {
        let engines = Engines::new(1, TestClock::default(), Vec::new()).expect("engines");
        let hash = |engine: &Engine| {
            let mut hasher = DefaultHasher::new();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        for profile in Profile::ALL {
            let compiler = hash(&compile_only_engine(profile).expect("an engine"));
            for allocation in [Allocation::Pooled, Allocation::OnDemand] {
                let engine = engines.get(profile, allocation).expect("an engine").engine;
                assert_eq!(hash(&engine), compiler, "{profile:?} {allocation:?}");
            }
        }
    }
}
