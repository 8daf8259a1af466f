//! The thread that advances the clock and every engine's epoch.
//!
//! One a host, ended with it. Tests: the workspace's `tests/limits`.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

use wasmtime::EngineWeak;

use super::clock::{Clock, TICK, Ticks};
use crate::observe::AuditTrail;

const TICKS_A_SECOND: u64 = 1_000_000 / TICK.as_micros() as u64;

/// The thread's handle; dropping it ends the thread at its next tick.
pub(super) struct Ticker {
    engines: parking_lot::Mutex<Sender<EngineWeak>>,
}

impl Ticker {
    pub(super) fn start(clock: Arc<Clock>, audit: Weak<AuditTrail>) -> std::io::Result<Self> {
        let (engines, added) = channel();
        thread::Builder::new()
            .name("airssys-wasm-ticker".into())
            .spawn(move || tick(&clock, &added, &audit))?;
        Ok(Self { engines: engines.into() })
    }

    pub(super) fn add(&self, engine: EngineWeak) {
        // The thread lives for as long as this sender does.
        let _ = self.engines.lock().send(engine);
    }
}

fn tick(clock: &Clock, added: &Receiver<EngineWeak>, audit: &Weak<AuditTrail>) {
    let start = Instant::now();
    let mut engines = Vec::new();
    loop {
        match added.recv_timeout(TICK) {
            Ok(engine) => engines.push(engine),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Ticks(u64::try_from(start.elapsed().as_micros() / TICK.as_micros()).unwrap_or(u64::MAX));
        let passed = now.0.saturating_sub(clock.now().0);
        clock.set(now);
        if now.0 / TICKS_A_SECOND != (now.0 - passed) / TICKS_A_SECOND
            && let Some(audit) = audit.upgrade()
        {
            audit.flush();
        }
        engines.retain(|engine| advance(engine, passed));
    }
}

fn advance(engine: &EngineWeak, ticks: u64) -> bool {
    let Some(engine) = engine.upgrade() else { return false };
    for _ in 0..ticks {
        engine.increment_epoch();
    }
    true
}
