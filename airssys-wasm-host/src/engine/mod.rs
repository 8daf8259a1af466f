//! The wasmtime engines of a host: nothing else configures wasmtime.
//!
//! A profile is chosen by what a component's types need and by its limits; each
//! profile has an engine with a pooling allocator and one without, made when
//! first asked for. Knows nothing of components beyond that.
//! Tests: the workspace's `tests/components` (which profile runs what) and
//! `tests/limits`.

mod alarms;
mod clock;
mod config;
mod cpu_time;
mod test_clock;
mod ticker;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use wasmtime::Engine;

pub(crate) use clock::{Alarm, Clock, Ticks};
pub(crate) use config::{Allocation, Profile};
pub(crate) use cpu_time::CpuTime;
pub use test_clock::TestClock;

use crate::observe::AuditTrail;
use crate::scheduler::RunPermits;
use crate::{Error, ErrorKind, Result};
use ticker::Ticker;

/// An engine, and what tells its compiled code from another's.
#[derive(Clone)]
pub(crate) struct Compiling {
    pub(crate) profile: Profile,
    pub(crate) engine: Engine,
    /// A hash of everything that the compiler was told: costly to ask for, so it
    /// is asked once.
    pub(crate) settings: u64,
}

/// Every engine of one host, and the clock they share.
pub(crate) struct Engines {
    engines: Mutex<HashMap<(Profile, Allocation), Compiling>>,
    pooled_instances_max: u32,
    clock: Arc<Clock>,
    permits: Arc<RunPermits>,
    ticker: Ticker,
}

impl Engines {
    /// The clock's thread has `audit` told once a second what was counted.
    pub(crate) fn new(
        pooled_instances_max: u32,
        clock: TestClock,
        audit: Weak<AuditTrail>,
    ) -> Result<Self> {
        let clock = Arc::new(Clock::new(clock));
        let permits = Arc::new(RunPermits::new(Arc::clone(&clock)));
        let ticker =
            Ticker::start(Arc::clone(&clock), Arc::clone(&permits), audit).map_err(|error| {
                Error::new(
                    ErrorKind::Internal,
                    "cannot start the thread that keeps deadlines",
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

    /// The engine for a profile. Where the pool's address space cannot be had,
    /// asking for [`Allocation::Pooled`] is an error.
    pub(crate) fn get(&self, profile: Profile, allocation: Allocation) -> Result<Compiling> {
        let mut engines = self.engines.lock();
        if let Some(compiling) = engines.get(&(profile, allocation)) {
            return Ok(compiling.clone());
        }
        let config = config::config(profile, allocation, self.pooled_instances_max);
        let engine = Engine::new(&config).map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                format!("cannot make an engine: {error:#}"),
            )
        })?;
        self.ticker.add(engine.weak());
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        let compiling = Compiling {
            profile,
            engine,
            settings: settings.finish(),
        };
        engines.insert((profile, allocation), compiling.clone());
        Ok(compiling)
    }
}

/// An engine that compiles for a profile and runs nothing. Its code can be loaded by both engines of
/// the profile.
pub(crate) fn engine_to_compile(profile: Profile) -> wasmtime::Result<Engine> {
    Engine::new(&config::config(profile, Allocation::OnDemand, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_fits_every_engine_of_its_profile() {
        let engines = Engines::new(1, TestClock::default(), Weak::new()).expect("engines");
        let hash = |engine: &Engine| {
            let mut hasher = DefaultHasher::new();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        for profile in Profile::ALL {
            let compiler = hash(&engine_to_compile(profile).expect("an engine"));
            for allocation in [Allocation::Pooled, Allocation::OnDemand] {
                let engine = engines.get(profile, allocation).expect("an engine").engine;
                assert_eq!(hash(&engine), compiler, "{profile:?} {allocation:?}");
            }
        }
    }
}
