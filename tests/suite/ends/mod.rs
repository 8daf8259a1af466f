//! The ends of calls and their reports: exits, traps, and text that a call leaves unfinished. HTTP
//! answers are tested in `tests/suite/http/ends.rs`.

mod console;
mod exits;
mod output;
mod traps;

use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::{Deployment, GuestLine, GuestLog, Host, Instancing};
use parking_lot::Mutex;

use crate::support::guest;

/// A guest log that records the call of each line.
#[derive(Clone, Default)]
struct CallLog(Arc<Mutex<Vec<String>>>);

impl GuestLog for CallLog {
    fn line(&self, line: GuestLine<'_>) {
        self.0
            .lock()
            .push(format!("{} {:?}: {}", line.call, line.stream, line.text));
    }
}

impl CallLog {
    /// Returns the lines logged so far.
    fn logged(&self) -> Vec<String> {
        self.0.lock().clone()
    }

    /// Waits for at least `count` lines and returns all of them.
    async fn lines(&self, count: usize) -> Vec<String> {
        while self.logged().len() < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.logged()
    }
}

/// Deploys the guest whose functions end in every way.
async fn deploy_ends(instancing: Instancing) -> (Host, Deployment, CallLog) {
    let calls = CallLog::default();
    let host = Host::builder()
        .pooled_instances_max(50)
        .guest_log(calls.clone())
        .build()
        .expect("a host");
    let deployment = host
        .deploy(guest("ends-calls"))
        .instancing(instancing)
        .await
        .expect("deployed");
    (host, deployment, calls)
}
