//! The calls of `bad`: a number of each kind at once, each begun again when it has ended.
//!
//! The guest is `attack-load`.

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

use super::bait;
use super::client::{self, Answer};

/// The functions of the guest, what each is called with, and how often at once. All together are
/// fewer than the connections that the API has with 1,024 descriptors, and more calls read the FIFO
/// than a deployment has blocking operations.
const ATTACKS: [(&str, Option<&str>, usize); 6] = [
    ("spin", None, 8),
    ("eat-memory", None, 6),
    ("flood-log", None, 4),
    ("read-fifo", Some(bait::FIFO), 20),
    ("open-files", Some(bait::FILE), 4),
    ("open-denied", Some(bait::DENIED), 2),
];

/// How long a caller waits before its next call.
const PAUSE: Duration = Duration::from_millis(20);

/// What became of the calls to each function: how they ended, and how many of them.
pub(super) type Attacks = BTreeMap<&'static str, BTreeMap<String, u64>>;

/// How a call ended that the process did not answer.
pub(super) const UNANSWERED: &str = "unanswered";

/// Attacks until the process is gone. What ends after the end has begun is not counted.
///
/// # Panics
///
/// If the system has no more threads.
pub(super) fn run(socket: &Path, is_ending: &Arc<AtomicBool>) -> Attacks {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut callers = JoinSet::new();
        for (function, argument, at_once) in ATTACKS {
            for _ in 0..at_once {
                let (socket, is_ending) = (socket.to_owned(), Arc::clone(is_ending));
                callers.spawn(call_until_the_end(socket, function, argument, is_ending));
            }
        }
        let mut attacks = Attacks::new();
        while let Some(caller) = callers.join_next().await {
            let (function, ends) = caller.expect("a caller does not panic");
            let counts = attacks.entry(function).or_default();
            ends.into_iter().for_each(|(end, count)| *counts.entry(end).or_default() += count);
        }
        attacks
    })
}

async fn call_until_the_end(
    socket: PathBuf,
    function: &'static str,
    argument: Option<&str>,
    is_ending: Arc<AtomicBool>,
) -> (&'static str, BTreeMap<String, u64>) {
    let (request, mut ends) = (request(function, argument), BTreeMap::new());
    loop {
        let answer = client::ask(UnixStream::connect(&socket), &request).await;
        if !is_ending.load(Ordering::Relaxed) {
            *ends.entry(end(&answer)).or_default() += 1;
        } else if answer.is_err() {
            return (function, ends);
        }
        sleep(PAUSE).await;
    }
}

fn request(function: &str, argument: Option<&str>) -> String {
    let wave = argument.map_or_else(|| "()".to_owned(), |argument| format!("({argument:?})"));
    let call = json!({ "function": function, "arguments": { "wave": wave } }).to_string();
    format!(
        "POST /v1/deployments/bad/call HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{call}",
        call.len()
    )
}

/// How a call ended: the kind of its problem, as the API has it.
fn end(answer: &io::Result<Answer>) -> String {
    match answer {
        Ok(Answer { status: 200, .. }) => "returned".to_owned(),
        Ok(Answer { status, body }) => {
            let problem: Value = serde_json::from_str(body).unwrap_or_default();
            problem["kind"].as_str().map_or_else(|| status.to_string(), str::to_owned)
        }
        Err(error) => format!("{UNANSWERED} ({error})"),
    }
}
