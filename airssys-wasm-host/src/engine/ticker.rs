//! The thread that advances the clock and every engine's epoch.
//!
//! One a host, ended with it. Tests: the workspace's `tests/limits`.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

use wasmtime::EngineWeak;

use super::clock::{Clock, TICK, Ticks};

/// The thread's handle; dropping it ends the thread at its next tick.
pub(super) struct Ticker {
    engines: parking_lot::Mutex<Sender<EngineWeak>>,
}

impl Ticker {
    pub(super) fn start(clock: Arc<Clock>) -> std::io::Result<Self> {
        let (engines, added) = channel();
        thread::Builder::new().name("airssys-wasm-ticker".into()).spawn(move || tick(&clock, &added))?;
        Ok(Self { engines: engines.into() })
    }

    pub(super) fn add(&self, engine: EngineWeak) {
        // The thread lives for as long as this sender does.
        let _ = self.engines.lock().send(engine);
    }
}

fn tick(clock: &Clock, added: &Receiver<EngineWeak>) {
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
