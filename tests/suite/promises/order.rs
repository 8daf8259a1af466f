//! Revisions serve in order: once one has served a call, none before it serves a later call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use airssys_wasm_host::Instancing;

use crate::support::{GreetFunction, deploy_greeter, greet, greet_with_id, guest};

const SWITCHES: u64 = 60;
const CALLERS: usize = 8;
const JUDGED_PER_SWITCH: u64 = 40;

/// The switches so far. The revision that a switch leads to follows from its number.
#[derive(Default)]
struct Switches {
    /// The number of the switch in progress, or of the last one.
    begun: AtomicU64,
    /// The last switch whose revision has served a call.
    served: AtomicU64,
    is_over: AtomicBool,
    /// The number of calls that could be judged.
    judged: AtomicU64,
    /// The number of those that an earlier revision served.
    late: AtomicU64,
}

/// Returns the revision that a switch leads to.
fn revision(switch: u64) -> &'static str {
    if switch.is_multiple_of(2) { "v1" } else { "v2" }
}

impl Switches {
    /// Makes calls until the switches are over.
    async fn make_calls(&self, greet: GreetFunction) {
        while !self.is_over.load(Ordering::SeqCst) {
            let first = self.begun.load(Ordering::SeqCst);
            let served = self.served.load(Ordering::SeqCst);
            let answer = greet_with_id(greet.clone(), served).await;
            let (by, _) = answer.expect("an answer");
            let begun = self.begun.load(Ordering::SeqCst);
            // Another switch may have begun meanwhile: then the answer says nothing.
            if first != begun {
                continue;
            }
            if by == revision(begun) {
                self.served.fetch_max(begun, Ordering::SeqCst);
            }
            if served == begun {
                self.judged.fetch_add(1, Ordering::SeqCst);
                if by != revision(begun) {
                    self.late.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }

    /// Waits until more calls of the switch in progress were judged.
    async fn wait_for_calls(&self) {
        let judged = self.judged.load(Ordering::SeqCst);
        while self.judged.load(Ordering::SeqCst) < judged + JUDGED_PER_SWITCH {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_is_served_by_an_earlier_revision_than_a_call_before_it() {
    let (host, deployment) = deploy_greeter(Instancing::pooled(4)).await;
    let switches = Arc::new(Switches::default());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (switches, greet) = (Arc::clone(&switches), greet(&deployment));
            tokio::spawn(async move { switches.make_calls(greet).await })
        })
        .collect();
    let second = guest("greeter-v2").with_version("2.0.0".parse().expect("a version"));
    for switch in 1..=SWITCHES {
        switches.begun.store(switch, Ordering::SeqCst);
        let switched = match switch {
            1 => host.update("greeter", second.clone()).await,
            _ => {
                host.rollback("greeter")
                    .to_version(match revision(switch) {
                        "v1" => "1.0.0",
                        _ => "2.0.0",
                    })
                    .await
            }
        };
        drop(switched.expect("switched"));
        switches.wait_for_calls().await;
    }
    switches.is_over.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.expect("a caller");
    }
    assert_eq!(switches.late.load(Ordering::SeqCst), 0);
}
