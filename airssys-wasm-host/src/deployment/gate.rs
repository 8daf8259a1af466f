//! The admission word: how many calls are inside, and whether more may enter.
//!
//! One atomic word holds both, so that a call which read an old route cannot slip
//! in after the drain has seen nobody inside. Knows nothing of calls or routes.
//! Tests: below, model-checked with loom: every interleaving, not some.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bit 0: closed. Bits 1 to 27: calls inside. From bit 28: calls ever admitted,
/// which wraps out of the word at the top and disturbs nothing.
const CLOSED: u64 = 1;
const ONE_INSIDE: u64 = 1 << 1;
const ONE_ADMITTED: u64 = 1 << 28;
const INSIDE: u64 = ONE_ADMITTED - ONE_INSIDE;

/// A gate that, once closed, drains.
#[derive(Debug)]
pub(crate) struct Gate<W = AtomicU64>(W);

impl<W: Word> Gate<W> {
    pub(crate) fn new() -> Self {
        Self(W::new(0))
    }

    /// Lets a call in, unless the gate is closed.
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

    /// Lets in what belongs to a call that is inside, though the gate may be closed by now.
    pub(crate) fn enter_inside(&self) {
        self.0.add(ONE_INSIDE);
    }

    /// Lets a call out. True if it was the last one, and the gate is closed.
    #[inline]
    pub(crate) fn leave(&self) -> bool {
        is_drained(self.0.subtract(ONE_INSIDE) - ONE_INSIDE)
    }

    /// Closes the gate. True if nobody was inside.
    pub(crate) fn close(&self) -> bool {
        is_drained(self.0.set(CLOSED) | CLOSED)
    }

    /// Lets calls in again.
    pub(crate) fn reopen(&self) {
        self.0.clear(CLOSED);
    }

    /// Whether the gate is closed and the last call has left.
    pub(crate) fn is_drained(&self) -> bool {
        is_drained(self.0.load())
    }

    /// Calls inside now.
    pub(crate) fn inside(&self) -> u64 {
        (self.0.load() & INSIDE) / ONE_INSIDE
    }

    /// Calls admitted so far.
    pub(crate) fn admitted(&self) -> u64 {
        self.0.load() / ONE_ADMITTED
    }
}

/// Whether every gate is drained, asked after leaving or closing one of them.
///
/// The fence makes one of several who ask at the same time see what the others
/// did: nobody is woken if each of two sees the other's gate still full.
pub(crate) fn all_drained<'a, W: Word + 'a>(gates: impl IntoIterator<Item = &'a Gate<W>>) -> bool {
    W::fence();
    gates.into_iter().all(Gate::is_drained)
}

#[inline]
fn is_drained(word: u64) -> bool {
    word & CLOSED != 0 && word & INSIDE == 0
}

/// What the gate asks of an atomic word; loom brings its own in the tests.
pub(crate) trait Word {
    fn new(value: u64) -> Self;
    fn load(&self) -> u64;
    /// Compare and exchange; may fail for no reason.
    fn replace(&self, old: u64, new: u64) -> Result<(), u64>;
    fn add(&self, amount: u64);
    /// Returns the value before.
    fn subtract(&self, amount: u64) -> u64;
    /// Returns the value before.
    fn set(&self, bits: u64) -> u64;
    fn clear(&self, bits: u64);
    /// A sequentially consistent fence.
    fn fence();
}

macro_rules! word {
    ($atomic:ty, $fence:path) => {
        impl Word for $atomic {
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

#[cfg(test)]
mod tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, AtomicU64 as LoomU64};
    use loom::thread;

    word!(LoomU64, loom::sync::atomic::fence);

    type LoomGate = Gate<LoomU64>;

    #[test]
    fn counts_those_inside_and_those_admitted() {
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

    /// Once the drain has seen the gate empty, no call is inside or comes in.
    #[test]
    fn nobody_is_inside_after_the_drain() {
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

    /// A gate that was closed and reopened keeps count, and closes as before.
    #[test]
    fn nobody_is_lost_or_kept_out_by_a_pause() {
        loom::model(|| {
            let gate = Arc::new(LoomGate::new());
            let caller = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || gate.enter().then(|| gate.leave()).is_some())
            };
            gate.close();
            gate.reopen();
            assert!(gate.enter(), "it is open again");
            let learned_by_closing = gate.close();
            let learned_by_leaving = gate.leave();
            let was_let_in = caller.join().expect("a caller");
            assert!(!learned_by_closing, "somebody was inside");
            assert!(learned_by_leaving || was_let_in, "nobody would be woken");
            assert!(gate.is_drained());
        });
    }

    /// Exactly one of those who close or leave learns that the gate is drained, so
    /// the drain is woken, and once.
    #[test]
    fn exactly_one_learns_that_it_is_drained() {
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

    /// What a call wrote before it left is seen by whoever sees the gate drained.
    #[test]
    fn what_calls_did_is_seen_after_the_drain() {
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

    /// With several gates, someone learns that all are drained: the last to leave,
    /// or who closes them.
    #[test]
    fn someone_learns_that_several_are_drained() {
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
                "nobody would be woken"
            );
        });
    }
}
