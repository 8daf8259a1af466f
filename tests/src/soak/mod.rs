//! A soak of a host process that one deployment attacks while another serves.
//!
//! The process is the real command, `serve`, with 1,024 descriptors and a budget of 256 MiB. The
//! deployment `bad` attacks it in every way of `attack` at once, and clients hold half requests
//! open. Meanwhile `good` receives HTTP requests in a steady rhythm, and an operator queries `bad`,
//! revokes its grants, removes it and deploys it again. In the end the process receives SIGTERM.
//! `report` checks the promises that must hold throughout.
//!
//! Run by `cargo xtask soak` and, for a shorter time, by the test `soak` of the command.
//!
//! | file | contents |
//! |---|---|
//! | `host_process` | starts and ends the command; runs commands against it |
//! | `bait` | the directory that `bad` is granted, and the other end of its FIFO |
//! | `attack` | the calls of `bad` and how they ended |
//! | `half_open` | clients that send half a request |
//! | `rhythm` | requests to `good`, and to the control at the same moments |
//! | `control` | a process that does nothing but answer |
//! | `latency` | late answers, and those for which the machine is to blame |
//! | `operator` | the operator's commands and how long they take |
//! | `usage` | memory and descriptors of the process |
//! | `client` | one HTTP request on its own connection |
//! | `report` | the figures and the broken promises |

mod attack;
mod bait;
mod client;
mod control;
mod half_open;
mod host_process;
mod latency;
mod operator;
mod report;
mod rhythm;
mod usage;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bait::Bait;
use control::ControlProcess;
use host_process::HostProcess;
use latency::Latencies;

pub use control::answer_as_control;
pub use report::Report;

/// The parameters of a soak.
#[derive(Debug)]
pub struct SoakPlan {
    /// The command `airssys-wasm`.
    pub command: PathBuf,
    /// A process that calls [`answer_as_control`].
    pub control: Command,
    /// Duration of the load.
    pub time: Duration,
    /// The minimum share of the answers of `good` that must arrive in time, from 0 to 1.
    pub in_time_min: f64,
}

/// Runs a soak to its end.
///
/// # Panics
///
/// Panics if the processes do not start, or if a deployment is refused before the load begins.
#[must_use]
pub fn run(plan: SoakPlan) -> Report {
    let bait = Bait::new();
    let process = HostProcess::start(&plan.command);
    let control = ControlProcess::start(plan.control);
    process.deploy_good();
    process.deploy_bad(&bait).expect("`bad` is deployed");
    let is_ending = Arc::new(AtomicBool::new(false));
    let until = Instant::now() + plan.time;
    thread::scope(|scope| {
        let attacks = scope.spawn(|| attack::run(&process.socket(), &is_ending));
        let half_requests =
            scope.spawn(|| half_open::run(process.web(), &process.socket(), &is_ending));
        let silence = scope.spawn(|| bait.block_readers_at_intervals(&is_ending));
        let operated = scope.spawn(|| operator::operate(&process, &bait, until));
        let usage = scope.spawn(|| usage::watch(process.id(), until));
        let (good, asked) = rhythm::ask_both(process.web(), control.address(), plan.time);
        let operated = operated.join().expect("the operator does not panic");
        // Attacks and half requests continue while the process ends, and operations are blocked.
        is_ending.store(true, Ordering::Relaxed);
        let silent = silence.join().expect("the FIFO thread does not panic");
        let ended = process.terminate();
        drop(silent);
        Report {
            latencies: Latencies::compare(&good, &asked),
            in_time_min: plan.in_time_min,
            attacks: attacks.join().expect("callers do not panic"),
            half_requests: half_requests.join().expect("clients do not panic"),
            operator: operated,
            usage: usage.join().expect("the watcher does not panic"),
            ended,
        }
    })
}
