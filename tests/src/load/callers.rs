//! Callers that make calls until they are stopped.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Call, Timeline};

/// A guest's answer: the revision that it claims to be and the id that it received; or the reason
/// why the call failed.
pub type Answer = Result<(String, u64), String>;

/// A set of running callers, each of which makes one call after another. With a pace, each call has
/// a due time from which its latency is measured, so that a pause shows in every call that it
/// delays.
pub struct Load {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    callers: Vec<JoinHandle<Vec<Call>>>,
}

impl Load {
    /// Starts `callers` callers. Each invokes `call` with the id of the call.
    pub fn start<F, Fut>(timeline: &Timeline, callers: u64, pace: Option<Duration>, call: F) -> Self
    where
        F: Fn(u64) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Answer> + Send,
    {
        let stop = Arc::new(AtomicBool::new(false));
        let made = Arc::new(AtomicU64::new(0));
        let callers = (0..callers)
            .map(|caller| {
                let (stop, made, call, now) = (
                    Arc::clone(&stop),
                    Arc::clone(&made),
                    call.clone(),
                    timeline.clock(),
                );
                tokio::spawn(async move {
                    let mut calls = Vec::new();
                    let mut due = now();
                    while !stop.load(Ordering::Relaxed) {
                        // Unique across callers: the upper bits are the caller's number.
                        let id = caller << 40 | calls.len() as u64;
                        let begun = match pace {
                            Some(pace) => {
                                due += pace;
                                if let Some(early) = due.checked_sub(now()) {
                                    tokio::time::sleep(early).await;
                                }
                                due
                            }
                            None => now(),
                        };
                        let outcome = call(id).await;
                        calls.push(Call {
                            id,
                            due: begun,
                            ended: now(),
                            outcome,
                        });
                        made.fetch_add(1, Ordering::Relaxed);
                        if calls.len() % 64 == 0 {
                            tokio::task::yield_now().await;
                        }
                    }
                    calls
                })
            })
            .collect();
        Self {
            stop,
            made,
            callers,
        }
    }

    /// Returns the number of calls that have ended so far.
    #[must_use]
    pub fn calls_made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Waits until `calls` calls have ended in total.
    pub async fn wait_for_calls(&self, calls: u64) {
        while self.calls_made() < calls {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Stops the callers and returns all calls.
    ///
    /// # Panics
    ///
    /// Panics if a caller panicked.
    pub async fn stop(self) -> Vec<Call> {
        self.stop.store(true, Ordering::Relaxed);
        let mut calls = Vec::new();
        for caller in self.callers {
            calls.extend(caller.await.expect("no caller panics"));
        }
        calls
    }
}
