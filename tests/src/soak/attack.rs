//! The calls of `bad`: a fixed number of each kind at once, each repeated when it has ended.
//!
//! The guest program is `attack-load`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client::{self, HttpResponse};

/// A kind of call.
#[derive(Clone, Copy)]
struct Attack {
    /// The name in the report.
    name: &'static str,
    /// The function of the guest, and its arguments in WAVE.
    function: &'static str,
    arguments: &'static str,
    /// The number of concurrent calls.
    at_once: usize,
}

const fn attack(
    name: &'static str,
    function: &'static str,
    arguments: &'static str,
    at_once: usize,
) -> Attack {
    Attack {
        name,
        function,
        arguments,
        at_once,
    }
}

/// Together these are more than the 48 calls that the API accepts with 1,024 descriptors. Calls
/// that hold memory leave part of the share of `bad` to the others; those that take all of it end
/// at once. `bait` creates the files. More calls read the FIFO than a deployment may have blocking
/// operations.
const ATTACKS: [Attack; 8] = [
    attack("spin", "spin", "()", 16),
    attack("compute a little", "compute", "(15)", 8),
    attack("keep memory", "eat-memory", "(24)", 2),
    attack("eat all memory", "eat-memory", "(4000)", 2),
    attack("flood the log", "flood-log", "()", 4),
    attack("read a FIFO", "read-fifo", "(\"silent.pipe\")", 20),
    attack("keep files open", "open-files", "(\"plain.txt\")", 4),
    attack("open denied", "open-denied", "(\"denied\")", 2),
];

/// Pause of a caller before its next call, and after a call that was refused.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_REFUSED: Duration = Duration::from_millis(200);

/// Ends of calls that are not admitted: while `bad` is removed, and when too many other calls are
/// in flight.
pub(super) const REFUSED: [&str; 2] = ["not-deployed", "busy"];

/// The number of calls of each kind, by how they ended.
pub(super) type AttackOutcomes = BTreeMap<&'static str, BTreeMap<String, u64>>;

/// The end of a call that the process did not answer.
pub(super) const UNANSWERED: &str = "unanswered";

/// Attacks until the process has ended. Calls that this cuts off are not counted.
///
/// # Panics
///
/// Panics if no more threads can be started.
pub(super) fn run(socket: &Path, is_ending: &Arc<AtomicBool>) -> AttackOutcomes {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let mut callers = JoinSet::new();
        for attack in ATTACKS {
            for _ in 0..attack.at_once {
                callers.spawn(call_until_the_end(
                    socket.to_owned(),
                    attack,
                    Arc::clone(is_ending),
                ));
            }
        }
        let mut attacks = AttackOutcomes::new();
        while let Some(caller) = callers.join_next().await {
            let (name, ends) = caller.expect("no caller panics");
            let counts = attacks.entry(name).or_default();
            ends.into_iter()
                .for_each(|(end, count)| *counts.entry(end).or_default() += count);
        }
        attacks
    })
}

async fn call_until_the_end(
    socket: PathBuf,
    attack: Attack,
    is_ending: Arc<AtomicBool>,
) -> (&'static str, BTreeMap<String, u64>) {
    let (request, mut ends) = (request(attack), BTreeMap::new());
    loop {
        let answer = client::ask(UnixStream::connect(&socket), &request).await;
        if is_ending.load(Ordering::Relaxed) && answer.is_err() {
            return (attack.name, ends);
        }
        let end = end_of_call(&answer);
        let pause = if REFUSED.contains(&&*end) {
            PAUSE_REFUSED
        } else {
            PAUSE
        };
        *ends.entry(end).or_default() += 1;
        sleep(pause).await;
    }
}

fn request(attack: Attack) -> String {
    let arguments = json!({ "wave": attack.arguments });
    let call = json!({ "function": attack.function, "arguments": arguments }).to_string();
    format!(
        "POST /v1/deployments/bad/call HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{call}",
        call.len()
    )
}

/// Returns how a call ended: the kind of its problem, as the API reports it.
fn end_of_call(answer: &io::Result<HttpResponse>) -> String {
    match answer {
        Ok(HttpResponse { status: 200, .. }) => "returned".to_owned(),
        Ok(HttpResponse { status, body }) => {
            let problem: Value = serde_json::from_str(body).unwrap_or_default();
            problem["kind"]
                .as_str()
                .map_or_else(|| status.to_string(), str::to_owned)
        }
        // Only the kind, because error messages differ from call to call.
        Err(error) => format!("{UNANSWERED} ({})", error.kind()),
    }
}
