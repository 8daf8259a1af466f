//! Callers that call until told to stop.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Call, Timeline};

/// What a guest answered: the revision it says it is, and the id it was sent.
pub type Answer = Result<(String, u64), String>;

/// Callers at work. Each makes one call after the other; with a pace, each call
/// has a time at which it is due, and is measured from then on, so that a pause
/// shows in every call that it delays.
pub struct Load {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    callers: Vec<JoinHandle<Vec<Call>>>,
}

impl Load {
    /// Starts `callers` callers of `call`, which is given the call's id.
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
                        // Unique: callers count in lanes of their own.
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
                            begun,
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

    /// Calls made so far.
    #[must_use]
    pub fn calls_made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Waits until so many calls have been made in all.
    pub async fn until(&self, calls: u64) {
        while self.calls_made() < calls {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Stops, and returns every call.
    ///
    /// # Panics
    ///
    /// If a caller panicked.
    pub async fn stop(self) -> Vec<Call> {
        self.stop.store(true, Ordering::Relaxed);
        let mut calls = Vec::new();
        for caller in self.callers {
            calls.extend(caller.await.expect("a caller does not panic"));
        }
        calls
    }
}
