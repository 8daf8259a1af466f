//! The thread that advances the clock and every engine's epoch. Each host has one, which ends with
//! it.
//!
//! Tests: `tests/suite/limits.rs`.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use wasmtime::EngineWeak;

use crate::clock::{Clock, TICK};
use crate::scheduler::RunPermits;

const TICKS_A_SECOND: u64 = 1_000_000 / TICK.as_micros() as u64;

/// Work that the ticker does once a second. It must return quickly.
pub(crate) type PeriodicTask = Box<dyn Fn() + Send>;

/// A handle to the thread; dropping it ends the thread at its next tick.
pub(super) struct Ticker {
    engines: parking_lot::Mutex<Sender<EngineWeak>>,
}

impl Ticker {
    pub(super) fn start(
        clock: Arc<Clock>,
        permits: Arc<RunPermits>,
        tasks: Vec<PeriodicTask>,
    ) -> std::io::Result<Self> {
        let (engines, added) = channel();
        thread::Builder::new()
            .name("airssys-wasm-ticker".into())
            .spawn(move || run(&clock, &permits, &added, &tasks))?;
        Ok(Self {
            engines: engines.into(),
        })
    }

    pub(super) fn add(&self, engine: EngineWeak) {
        // The thread lives as long as this sender.
        let _ = self.engines.lock().send(engine);
    }
}

fn run(clock: &Clock, permits: &RunPermits, added: &Receiver<EngineWeak>, tasks: &[PeriodicTask]) {
    let mut engines = Vec::new();
    let mut second = 0;
    loop {
        match added.recv_timeout(TICK) {
            Ok(engine) => engines.push(engine),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = clock.tick();
        if now.0 / TICKS_A_SECOND != second {
            second = now.0 / TICKS_A_SECOND;
            tasks.iter().for_each(|task| task());
        }
        permits.reclaim(now);
        engines.retain(advance_epoch);
    }
}

/// Advances the epoch, so that every guest that computes checks the clock. Returns `false` if the
/// engine is gone.
fn advance_epoch(engine: &EngineWeak) -> bool {
    engine.upgrade().is_some_and(|engine| {
        engine.increment_epoch();
        true
    })
}
