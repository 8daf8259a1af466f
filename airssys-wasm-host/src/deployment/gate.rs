//! The admission gate: counts the calls inside, and decides whether more may enter.
//!
//! One atomic word holds both, so that a call which read an old route cannot enter after the drain
//! has seen an empty gate. Knows nothing of calls or routes. The tests are model-checked with loom,
//! over every interleaving.
//! Tests: in this file.

use std::sync::atomic::{AtomicU64, Ordering};

/// Layout of the word: bit 0 is set if the gate is closed, bits 1 to 27 count the calls inside, and
/// the bits from 28 up count the calls ever admitted. That count overflows at the top of the word
/// and disturbs nothing.
const CLOSED: u64 = 1;
const ONE_INSIDE: u64 = 1 << 1;
const ONE_ADMITTED: u64 = 1 << 28;
const INSIDE: u64 = ONE_ADMITTED - ONE_INSIDE;

/// A gate that admits calls and, once closed, drains.
#[derive(Debug)]
pub(crate) struct Gate<W = AtomicU64>(W);

impl<W: AtomicWord> Gate<W> {
    pub(crate) fn new() -> Self {
        Self(W::new(0))
    }

    /// Admits a call. Returns `false` if the gate is closed.
    #[inline]
    pub(crate) fn enter(&self) -> bool {
        let mut word = self.0.load();
        loop {
            if word & CLOSED != 0 {
                return false;
            }
            debug_assert_ne!(word & INSIDE, INSIDE, "134 million calls inside one gate");
            match self
                .0
                .replace(word, word.wrapping_add(ONE_INSIDE + ONE_ADMITTED))
            {
                Ok(()) => return true,
                Err(current) => word = current,
            }
        }
    }

    /// Admits work that belongs to a call already inside, even if the gate is closed by now.
    pub(crate) fn enter_nested(&self) {
        self.0.add(ONE_INSIDE);
    }

    /// Records that a call has left. Returns `true` if it was the last one and the gate is closed.
    #[inline]
    pub(crate) fn leave(&self) -> bool {
        is_drained(self.0.subtract(ONE_INSIDE) - ONE_INSIDE)
    }

    /// Closes the gate. Returns `true` if no call was inside.
    pub(crate) fn close(&self) -> bool {
        is_drained(self.0.set(CLOSED) | CLOSED)
    }

    /// Opens the gate again.
    pub(crate) fn reopen(&self) {
        self.0.clear(CLOSED);
    }

    /// Returns `true` if the gate is closed and the last call has left.
    pub(crate) fn is_drained(&self) -> bool {
        is_drained(self.0.load())
    }

    /// Returns the number of calls inside.
    pub(crate) fn inside(&self) -> u64 {
        (self.0.load() & INSIDE) / ONE_INSIDE
    }

    /// Returns the number of calls admitted so far.
    pub(crate) fn admitted(&self) -> u64 {
        self.0.load() / ONE_ADMITTED
    }
}

/// Returns `true` if every gate is drained. Call it after leaving or closing one of them.
///
/// The fence makes at least one of several concurrent callers see what the others did. Without it,
/// each of two could still see the other's gate occupied, and no waiter would be woken.
pub(crate) fn all_drained<'a, W: AtomicWord + 'a>(
    gates: impl IntoIterator<Item = &'a Gate<W>>,
) -> bool {
    W::fence();
    gates.into_iter().all(Gate::is_drained)
}

#[inline]
fn is_drained(word: u64) -> bool {
    word & CLOSED != 0 && word & INSIDE == 0
}

/// The operations that the gate needs of an atomic word. The tests implement it for loom's.
pub(crate) trait AtomicWord {
    fn new(value: u64) -> Self;
    fn load(&self) -> u64;
    /// Compares and exchanges. May fail spuriously.
    fn replace(&self, old: u64, new: u64) -> Result<(), u64>;
    fn add(&self, amount: u64);
    /// Returns the previous value.
    fn subtract(&self, amount: u64) -> u64;
    /// Returns the previous value.
    fn set(&self, bits: u64) -> u64;
    fn clear(&self, bits: u64);
    /// Issues a sequentially consistent fence.
    fn fence();
}

macro_rules! word {
    ($atomic:ty, $fence:path) => {
        impl AtomicWord for $atomic {
            fn new(value: u64) -> Self {
                Self::new(value)
            }

            #[inline]
            fn load(&self) -> u64 {
                self.load(Ordering::Acquire)
            }

            #[inline]
            fn replace(&self, old: u64, new: u64) -> Result<(), u64> {
                self.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Acquire)
                    .map(drop)
            }

            fn add(&self, amount: u64) {
                self.fetch_add(amount, Ordering::AcqRel);
            }

            #[inline]
            fn subtract(&self, amount: u64) -> u64 {
                self.fetch_sub(amount, Ordering::AcqRel)
            }

            fn set(&self, bits: u64) -> u64 {
                self.fetch_or(bits, Ordering::AcqRel)
            }

            fn clear(&self, bits: u64) {
                self.fetch_and(!bits, Ordering::AcqRel);
            }

            fn fence() {
                $fence(Ordering::SeqCst);
            }
        }
    };
}

word!(AtomicU64, std::sync::atomic::fence);

/// A gate for models of loom.
#[cfg(test)]
pub(super) type LoomGate = Gate<loom::sync::atomic::AtomicU64>;

#[cfg(test)]
mod tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, AtomicU64 as LoomU64};
    use loom::thread;

    word!(LoomU64, loom::sync::atomic::fence);

    #[test]
    fn counts_calls_inside_and_calls_admitted() {
        let gate = Gate::<AtomicU64>::new();
        assert!(gate.enter() && gate.enter());
        assert!(!gate.leave());
        assert_eq!((gate.inside(), gate.admitted()), (1, 2));
        assert!(!gate.close());
        assert!(!gate.enter());
        assert!(gate.leave());
        assert!(gate.is_drained());
        assert_eq!(gate.admitted(), 2);
    }

    /// Once the drain has seen the gate empty, no call is inside and none enters.
    #[test]
    fn no_call_is_inside_after_the_drain() {
        loom::model(|| {
            let gate = Arc::new(LoomGate::new());
            let drained = Arc::new(AtomicBool::new(false));
            let callers: Vec<_> = (0..2)
                .map(|_| {
                    let (gate, drained) = (Arc::clone(&gate), Arc::clone(&drained));
                    thread::spawn(move || {
                        if gate.enter() {
                            assert!(!drained.load(Ordering::SeqCst), "inside after the drain");
                            gate.leave();
                        }
                    })
                })
                .collect();
            if gate.close() || gate.is_drained() {
                drained.store(true, Ordering::SeqCst);
                assert_eq!(gate.inside(), 0);
            }
            for caller in callers {
                caller.join().expect("a caller");
            }
            assert!(gate.is_drained());
            assert!(!gate.enter());
        });
    }

    /// A gate that was closed and reopened keeps its counts, and closes as before.
    #[test]
    fn a_pause_loses_no_call_and_locks_none_out() {
        loom::model(|| {
            let gate = Arc::new(LoomGate::new());
            let caller = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || gate.enter().then(|| gate.leave()).is_some())
            };
            gate.close();
            gate.reopen();
            assert!(gate.enter(), "the gate is open again");
            let learned_by_closing = gate.close();
            let learned_by_leaving = gate.leave();
            let was_let_in = caller.join().expect("a caller");
            assert!(!learned_by_closing, "a call was inside");
            assert!(learned_by_leaving || was_let_in, "no waiter would be woken");
            assert!(gate.is_drained());
        });
    }

    /// Exactly one of the threads that close or leave learns that the gate is drained, so that the
    /// drain is woken exactly once.
    #[test]
    fn exactly_one_thread_learns_of_the_drain() {
        loom::model(|| {
            let gate = Arc::new(LoomGate::new());
            let callers: Vec<_> = (0..2)
                .map(|_| {
                    let gate = Arc::clone(&gate);
                    thread::spawn(move || gate.enter() && gate.leave())
                })
                .collect();
            let closing = gate.close();
            let leaving = callers
                .into_iter()
                .map(|caller| caller.join().expect("a caller"));
            assert_eq!(
                leaving.chain([closing]).filter(|learned| *learned).count(),
                1
            );
        });
    }

    /// A write made before a call left is visible to every thread that sees the gate drained.
    #[test]
    fn writes_of_calls_are_visible_after_the_drain() {
        loom::model(|| {
            let gate = Arc::new(LoomGate::new());
            let written = Arc::new(LoomU64::new(0));
            let caller = {
                let (gate, written) = (Arc::clone(&gate), Arc::clone(&written));
                thread::spawn(move || {
                    let entered = gate.enter();
                    if entered {
                        written.store(1, Ordering::Relaxed);
                        gate.leave();
                    }
                    entered
                })
            };
            gate.close();
            let seen = gate.is_drained().then(|| written.load(Ordering::Relaxed));
            if caller.join().expect("a caller") && seen.is_some() {
                assert_eq!(seen, Some(1));
            }
        });
    }

    /// With several gates, at least one thread learns that all are drained: the last to leave, or
    /// the one that closes them.
    #[test]
    fn a_thread_learns_that_all_gates_are_drained() {
        loom::model(|| {
            let gates = Arc::new([LoomGate::new(), LoomGate::new()]);
            let callers: Vec<_> = (0..2)
                .map(|lane| {
                    let gates = Arc::clone(&gates);
                    thread::spawn(move || {
                        let gate: &LoomGate = &gates[lane];
                        gate.enter() && gate.leave() && all_drained(&*gates)
                    })
                })
                .collect();
            for gate in &*gates {
                gate.close();
            }
            let closing = all_drained(&*gates);
            let leaving = callers
                .into_iter()
                .map(|caller| caller.join().expect("a caller"));
            assert!(
                leaving.chain([closing]).any(|learned| learned),
                "no waiter would be woken"
            );
        });
    }
}
