//! State and outcome in, next effect out.
//!
//! Tests: below walk every path.

use std::fmt;

/// How traffic moves from one revision to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// Start the new revision beside the old one, check it, then switch.
    #[default]
    BlueGreen,
    /// Let calls wait, finish those in flight, then start the new revision: for
    /// components of which two may not run at once. The old one stands still
    /// while the new one starts, and goes on where it was if that fails. Resources that
    /// others have open in it are lost.
    Recreate,
}

/// One thing the host does for a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Check that the version is newer, or that an older one is meant.
    CheckVersion,
    /// Check that what happens to state has been said.
    CheckState,
    /// Check that the new world can stand in for the old one.
    CheckWorld,
    /// Find a provider for every import.
    CheckImports,
    /// Check that what it requests is granted, or was approved, and open it.
    CheckGrants,
    /// Have compiled code, from the cache or the compiler, and link it.
    Compile,
    /// Have the state directory keep its bytes, if there is one.
    Keep,
    /// Let new calls wait.
    Pause,
    /// Wait for the calls in flight to end. Their instances stand still from then
    /// on, and are dropped by the switch.
    Drain,
    /// Create a first instance.
    Start,
    /// Bind every handle that callers hold to the first instance.
    BindCallers,
    /// Ask the first instance whether it is healthy.
    CheckHealth,
    /// Point the name at the new revision, once the state directory has it, if there is one.
    /// The only effect that callers see.
    Switch,
    /// Drop the first instance.
    Discard,
    /// Let the calls that wait go to the old revision, as it was.
    Resume,
}

/// How an effect went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Succeeded,
    /// It could not be done; the host keeps the reason.
    Failed,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Carry this out, then report its outcome.
    Do(Effect),
    /// Over: the new revision serves.
    Promoted,
    /// Over: this was a rehearsal, and nothing was in the way.
    Rehearsed,
    /// Over: the old revision serves on, because `failed` did.
    RolledBack {
        /// The effect that could not be done.
        failed: Effect,
    },
}

/// A rollout on its way.
///
/// ```
/// use airssys_wasm_core::{Decision, Effect, Outcome, Rollout, Strategy};
///
/// let mut rollout = Rollout::update(Strategy::BlueGreen);
/// assert_eq!(rollout.next(), Decision::Do(Effect::CheckVersion));
/// rollout.report(Outcome::Failed);
/// assert_eq!(rollout.next(), Decision::RolledBack { failed: Effect::CheckVersion });
/// ```
#[derive(Clone, Debug)]
pub struct Rollout {
    plan: &'static [Effect],
    done: usize,
    failed: Option<Effect>,
    /// Effects that undo what was done, last first.
    undo: Vec<Effect>,
    is_rehearsal: bool,
}

impl Rollout {
    /// The first revision of a name.
    #[must_use]
    pub fn deploy() -> Self {
        use Effect::*;
        Self::following(&[
            CheckImports,
            CheckGrants,
            Compile,
            Keep,
            Start,
            CheckHealth,
            Switch,
        ])
    }

    /// A new revision in place of the one that serves.
    #[must_use]
    pub fn update(strategy: Strategy) -> Self {
        use Effect::*;
        Self::following(match strategy {
            Strategy::BlueGreen => &[
                CheckVersion,
                CheckState,
                CheckWorld,
                CheckImports,
                CheckGrants,
                Compile,
                Keep,
                Start,
                BindCallers,
                CheckHealth,
                Switch,
            ],
            Strategy::Recreate => &[
                CheckVersion,
                CheckState,
                CheckWorld,
                CheckImports,
                CheckGrants,
                Compile,
                Keep,
                Pause,
                Drain,
                Start,
                BindCallers,
                CheckHealth,
                Switch,
            ],
        })
    }

    /// An earlier revision again. It is compiled and linked already.
    #[must_use]
    pub fn rollback(strategy: Strategy) -> Self {
        use Effect::*;
        Self::following(match strategy {
            Strategy::BlueGreen => &[CheckState, Start, BindCallers, CheckHealth, Switch],
            Strategy::Recreate => &[
                CheckState,
                Pause,
                Drain,
                Start,
                BindCallers,
                CheckHealth,
                Switch,
            ],
        })
    }

    fn following(plan: &'static [Effect]) -> Self {
        Self {
            plan,
            done: 0,
            failed: None,
            undo: Vec::new(),
            is_rehearsal: false,
        }
    }

    /// The same up to where something would be kept, or wait, or run: nobody notices.
    #[must_use]
    pub fn rehearsal(self) -> Self {
        use Effect::*;
        let is_noticed = |effect: &Effect| matches!(effect, Keep | Pause | Start);
        let end = self
            .plan
            .iter()
            .position(is_noticed)
            .unwrap_or(self.plan.len());
        Self {
            plan: &self.plan[..end],
            is_rehearsal: true,
            ..self
        }
    }

    /// Whether this is a rehearsal.
    #[must_use]
    pub fn is_rehearsal(&self) -> bool {
        self.is_rehearsal
    }

    /// What comes next. Asking changes nothing.
    #[must_use]
    pub fn next(&self) -> Decision {
        match (self.failed, self.undo.last(), self.plan.get(self.done)) {
            (Some(_), Some(effect), _) | (None, _, Some(effect)) => Decision::Do(*effect),
            (Some(failed), None, _) => Decision::RolledBack { failed },
            (None, _, None) if self.is_rehearsal => Decision::Rehearsed,
            (None, _, None) => Decision::Promoted,
        }
    }

    /// Reports how the effect that [`next`](Self::next) named went.
    ///
    /// Undoing has no other way to go than forward: its outcome is not looked at.
    pub fn report(&mut self, outcome: Outcome) {
        if self.is_undoing() {
            self.undo.pop();
            return;
        }
        let Some(effect) = self.plan.get(self.done).copied() else {
            return;
        };
        match outcome {
            Outcome::Succeeded => {
                self.undo.extend(undoing(effect));
                self.done += 1;
            }
            Outcome::Failed => self.failed = Some(effect),
        }
    }

    /// Whether an effect has failed, so that what comes next undoes what was done.
    #[must_use]
    pub fn is_undoing(&self) -> bool {
        self.failed.is_some()
    }
}

fn undoing(effect: Effect) -> Option<Effect> {
    match effect {
        Effect::Start => Some(Effect::Discard),
        Effect::Pause => Some(Effect::Resume),
        _ => None,
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CheckVersion => "checking the version",
            Self::CheckState => "checking what happens to state",
            Self::CheckWorld => "checking the world",
            Self::CheckImports => "checking the imports",
            Self::CheckGrants => "checking the grants",
            Self::Compile => "compiling",
            Self::Keep => "keeping its bytes",
            Self::Pause => "letting calls wait",
            Self::Drain => "draining",
            Self::Start => "starting",
            Self::BindCallers => "binding the callers' handles",
            Self::CheckHealth => "checking health",
            Self::Switch => "switching",
            Self::Discard => "discarding",
            Self::Resume => "resuming",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Rollout; 5] {
        [
            Rollout::deploy(),
            Rollout::update(Strategy::BlueGreen),
            Rollout::update(Strategy::Recreate),
            Rollout::rollback(Strategy::BlueGreen),
            Rollout::rollback(Strategy::Recreate),
        ]
    }

    /// Runs to the end with a failure at step `failing`; returns what was done.
    fn run(mut rollout: Rollout, failing: Option<usize>) -> (Vec<Effect>, Decision) {
        let mut done = Vec::new();
        loop {
            match rollout.next() {
                Decision::Do(effect) => {
                    rollout.report(if failing == Some(done.len()) {
                        Outcome::Failed
                    } else {
                        Outcome::Succeeded
                    });
                    done.push(effect);
                }
                end => return (done, end),
            }
        }
    }

    #[test]
    fn success_switches_once_and_last() {
        for rollout in all() {
            let (done, end) = run(rollout, None);
            assert_eq!(end, Decision::Promoted);
            assert_eq!(
                done.iter()
                    .filter(|effect| **effect == Effect::Switch)
                    .count(),
                1
            );
            assert_eq!(done.last(), Some(&Effect::Switch));
        }
    }

    #[test]
    fn a_failure_at_any_step_never_switches_and_undoes_what_was_done() {
        for rollout in all() {
            for step in 0..rollout.plan.len() {
                let (done, end) = run(rollout.clone(), Some(step));
                assert_eq!(
                    end,
                    Decision::RolledBack {
                        failed: rollout.plan[step]
                    }
                );
                let switched = done[..step].contains(&Effect::Switch);
                assert!(!switched, "{done:?}");
                let paused = done[..step].contains(&Effect::Pause);
                assert_eq!(done.contains(&Effect::Resume), paused, "{done:?}");
            }
        }
    }

    #[test]
    fn a_rehearsal_checks_and_compiles_and_does_nothing_that_is_noticed() {
        for rollout in all() {
            let (done, end) = run(rollout.clone().rehearsal(), None);
            assert_eq!(end, Decision::Rehearsed);
            assert_eq!(done, rollout.plan[..done.len()]);
            assert!(rollout.plan.contains(&Effect::Compile) == done.contains(&Effect::Compile));
            assert!(
                !done.iter().any(|effect| undoing(*effect).is_some()),
                "{done:?}"
            );
            assert!(
                !done.contains(&Effect::Keep) && !done.contains(&Effect::Switch),
                "{done:?}"
            );
        }
    }

    #[test]
    fn resuming_comes_after_discarding_the_new_instance() {
        let recreate = Rollout::update(Strategy::Recreate);
        let health = recreate.plan.iter().position(|e| *e == Effect::CheckHealth);
        let (done, _) = run(recreate, health);
        assert!(
            done.ends_with(&[Effect::Discard, Effect::Resume]),
            "{done:?}"
        );
    }
}
