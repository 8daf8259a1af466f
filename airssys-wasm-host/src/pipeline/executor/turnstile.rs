//! Lets items through in the order of their numbers.
//!
//! Every number passes exactly once, even if its item never arrives.
//! Tests: in this file.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::task::{Poll, Waker};

use parking_lot::Mutex;

/// A place that numbers leave in order.
#[derive(Default)]
pub(super) struct Turnstile(Mutex<TurnstileState>);

#[derive(Default)]
struct TurnstileState {
    next: u64,
    /// Numbers beyond `next` that have already passed.
    passed: BTreeSet<u64>,
    waiting: BTreeMap<u64, Waker>,
}

impl Turnstile {
    /// Waits until every smaller number has passed.
    pub(super) async fn wait_turn(&self, number: u64) {
        poll_fn(|context| {
            let mut state = self.0.lock();
            if state.next >= number {
                state.waiting.remove(&number);
                return Poll::Ready(());
            }
            state.waiting.insert(number, context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Records that a number has passed, or will not arrive. A second time changes nothing.
    pub(super) fn pass(&self, number: u64) {
        let woken = {
            let mut state = self.0.lock();
            state.waiting.remove(&number);
            if number >= state.next {
                state.passed.insert(number);
            }
            while state.passed.first() == Some(&state.next) {
                state.passed.pop_first();
                state.next += 1;
            }
            let next = state.next;
            state.waiting.remove(&next)
        };
        if let Some(waker) = woken {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn numbers_pass_in_order_even_if_some_never_arrive() {
        let turnstile = Arc::new(Turnstile::default());
        let order: Arc<Mutex<Vec<u64>>> = Arc::default();
        let comers: Vec<_> = [4u64, 2, 0, 3]
            .into_iter()
            .map(|number| {
                let (turnstile, order) = (Arc::clone(&turnstile), Arc::clone(&order));
                tokio::spawn(async move {
                    turnstile.wait_turn(number).await;
                    order.lock().push(number);
                    turnstile.pass(number);
                })
            })
            .collect();
        tokio::task::yield_now().await;
        turnstile.pass(1);
        for comer in comers {
            comer.await.expect("a comer");
        }
        assert_eq!(*order.lock(), [0, 2, 3, 4]);
    }
}
