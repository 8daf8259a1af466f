//! The thread that advances the clock and every engine's epoch. Each host has one, which ends with
//! it.
//!
//! Tests: `tests/suite/limits.rs`.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread;

use wasmtime::EngineWeak;

use crate::clock::{Clock, TICK};
use crate::observe::AuditTrail;
use crate::scheduler::RunPermits;

const TICKS_A_SECOND: u64 = 1_000_000 / TICK.as_micros() as u64;

/// A handle to the thread; dropping it ends the thread at its next tick.
pub(super) struct Ticker {
    engines: parking_lot::Mutex<Sender<EngineWeak>>,
}

impl Ticker {
    pub(super) fn start(
        clock: Arc<Clock>,
        permits: Arc<RunPermits>,
        audit: Weak<AuditTrail>,
    ) -> std::io::Result<Self> {
        let (engines, added) = channel();
        thread::Builder::new()
            .name("airssys-wasm-ticker".into())
            .spawn(move || run(&clock, &permits, &added, &audit))?;
        Ok(Self {
            engines: engines.into(),
        })
    }

    pub(super) fn add(&self, engine: EngineWeak) {
        // The thread lives as long as this sender.
        let _ = self.engines.lock().send(engine);
    }
}

fn run(
    clock: &Clock,
    permits: &RunPermits,
    added: &Receiver<EngineWeak>,
    audit: &Weak<AuditTrail>,
) {
    let mut engines = Vec::new();
    let mut second = 0;
    loop {
        match added.recv_timeout(TICK) {
            Ok(engine) => engines.push(engine),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = clock.tick();
        if now.0 / TICKS_A_SECOND != second
            && let Some(audit) = audit.upgrade()
        {
            second = now.0 / TICKS_A_SECOND;
            audit.flush();
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
