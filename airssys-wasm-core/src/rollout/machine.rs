//! The state machine of a rollout.
//!
//! Tests: in this file.

use std::fmt;

/// The strategy by which traffic moves from one revision to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// Starts the new revision next to the old one, checks it, then switches.
    #[default]
    BlueGreen,
    /// Pauses new calls, waits for calls in flight to finish, then starts the new revision. For
    /// components of which two revisions must not run at once. The instances of the old revision
    /// are suspended while the new one starts, and resume with their state if that fails. Resources
    /// that other components hold in the old revision are lost.
    Recreate,
}

/// A step of a rollout that the host carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Check that the version is newer, or that an older one was allowed.
    CheckVersion,
    /// Check that the handling of state is specified.
    CheckState,
    /// Check that the new world can replace the old one.
    CheckWorld,
    /// Find a provider for every import.
    CheckImports,
    /// Check that the requested capabilities are granted or were approved, and open their
    /// resources.
    CheckGrants,
    /// Load compiled code from the cache or compile it, and link it.
    Compile,
    /// Store the bytes in the state directory, if there is one.
    StoreBytes,
    /// Hold new calls.
    Pause,
    /// Wait for the calls in flight to end. Their instances are suspended from then on, and dropped
    /// by the switch.
    Drain,
    /// Create a first instance.
    Start,
    /// Bind every handle that callers hold to the first instance.
    BindHandles,
    /// Check the health of the first instance.
    CheckHealth,
    /// Route the deployment to the new revision, after the state directory, if there is one, has
    /// recorded it. The only effect that callers notice.
    Switch,
    /// Drop the first instance.
    Discard,
    /// Release the held calls to the old revision, whose instances are unchanged.
    Resume,
}

/// The outcome of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The effect succeeded.
    Succeeded,
    /// The effect failed; the host has the reason.
    Failed,
}

/// The next step of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutStep {
    /// Carry out this effect, then report its outcome.
    Perform(Effect),
    /// The rollout has ended: the new revision is active.
    Promoted,
    /// The rollout has ended: it was a rehearsal, and all checks passed.
    Rehearsed,
    /// The rollout has ended: the old revision stays active because an effect failed.
    Failed {
        /// The effect that failed.
        failed: Effect,
    },
}

/// A rollout in progress.
///
/// ```
/// use airssys_wasm_core::{Effect, Outcome, Rollout, RolloutStep, Strategy};
///
/// let mut rollout = Rollout::update(Strategy::BlueGreen);
/// assert_eq!(rollout.next(), RolloutStep::Perform(Effect::CheckVersion));
/// rollout.report(Outcome::Failed);
/// assert_eq!(rollout.next(), RolloutStep::Failed { failed: Effect::CheckVersion });
/// ```
#[derive(Clone, Debug)]
pub struct Rollout {
    plan: &'static [Effect],
    done: usize,
    failed: Option<Effect>,
    /// The effects that undo what was done, to be popped from the end.
    undo: Vec<Effect>,
    is_rehearsal: bool,
}

impl Rollout {
    /// Creates the rollout of the first revision of a deployment.
    #[must_use]
    pub fn deploy() -> Self {
        use Effect::*;
        Self::with_plan(&[
            CheckImports,
            CheckGrants,
            Compile,
            StoreBytes,
            Start,
            CheckHealth,
            Switch,
        ])
    }

    /// Creates the rollout of a new revision that replaces the active one.
    #[must_use]
    pub fn update(strategy: Strategy) -> Self {
        use Effect::*;
        Self::with_plan(match strategy {
            Strategy::BlueGreen => &[
                CheckVersion,
                CheckState,
                CheckWorld,
                CheckImports,
                CheckGrants,
                Compile,
                StoreBytes,
                Start,
                BindHandles,
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
                StoreBytes,
                Pause,
                Drain,
                Start,
                BindHandles,
                CheckHealth,
                Switch,
            ],
        })
    }

    /// Creates the rollout back to an earlier revision, which is already compiled and linked.
    #[must_use]
    pub fn rollback(strategy: Strategy) -> Self {
        use Effect::*;
        Self::with_plan(match strategy {
            Strategy::BlueGreen => &[CheckState, Start, BindHandles, CheckHealth, Switch],
            Strategy::Recreate => &[
                CheckState,
                Pause,
                Drain,
                Start,
                BindHandles,
                CheckHealth,
                Switch,
            ],
        })
    }

    fn with_plan(plan: &'static [Effect]) -> Self {
        Self {
            plan,
            done: 0,
            failed: None,
            undo: Vec::new(),
            is_rehearsal: false,
        }
    }

    /// Returns the rehearsal of this rollout: only the effects before anything is stored, held or
    /// run, so that callers notice nothing.
    #[must_use]
    pub fn into_rehearsal(self) -> Self {
        use Effect::*;
        let is_noticed = |effect: &Effect| matches!(effect, StoreBytes | Pause | Start);
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

    /// Returns `true` if this is a rehearsal.
    #[must_use]
    pub fn is_rehearsal(&self) -> bool {
        self.is_rehearsal
    }

    /// Returns the next step, without changing the state.
    #[must_use]
    pub fn next(&self) -> RolloutStep {
        match (self.failed, self.undo.last(), self.plan.get(self.done)) {
            (Some(_), Some(effect), _) | (None, _, Some(effect)) => RolloutStep::Perform(*effect),
            (Some(failed), None, _) => RolloutStep::Failed { failed },
            (None, _, None) if self.is_rehearsal => RolloutStep::Rehearsed,
            (None, _, None) => RolloutStep::Promoted,
        }
    }

    /// Reports the outcome of the effect that [`next`](Self::next) returned.
    ///
    /// The outcome of an effect that undoes another is ignored, because undoing always continues.
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
                self.undo.extend(undo_effect(effect));
                self.done += 1;
            }
            Outcome::Failed => self.failed = Some(effect),
        }
    }

    /// Returns `true` if an effect has failed, so that the next effects undo what was done.
    #[must_use]
    pub fn is_undoing(&self) -> bool {
        self.failed.is_some()
    }
}

fn undo_effect(effect: Effect) -> Option<Effect> {
    match effect {
        Effect::Start => Some(Effect::Discard),
        Effect::Pause => Some(Effect::Resume),
        _ => None,
    }
}

impl Effect {
    /// Returns a stable code for programs, such as `check-grants`.
    ///
    /// ```
    /// assert_eq!(airssys_wasm_core::Effect::BindHandles.code(), "bind-handles");
    /// ```
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::CheckVersion => "check-version",
            Self::CheckState => "check-state",
            Self::CheckWorld => "check-world",
            Self::CheckImports => "check-imports",
            Self::CheckGrants => "check-grants",
            Self::Compile => "compile",
            Self::StoreBytes => "store-bytes",
            Self::Pause => "pause",
            Self::Drain => "drain",
            Self::Start => "start",
            Self::BindHandles => "bind-handles",
            Self::CheckHealth => "check-health",
            Self::Switch => "switch",
            Self::Discard => "discard",
            Self::Resume => "resume",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CheckVersion => "checking the version",
            Self::CheckState => "checking how state is handled",
            Self::CheckWorld => "checking the world",
            Self::CheckImports => "checking the imports",
            Self::CheckGrants => "checking the grants",
            Self::Compile => "compiling",
            Self::StoreBytes => "storing its bytes",
            Self::Pause => "pausing",
            Self::Drain => "draining",
            Self::Start => "starting",
            Self::BindHandles => "binding handles",
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

    /// Runs a rollout in which step `failing` fails; returns the effects and the decision.
    fn run(mut rollout: Rollout, failing: Option<usize>) -> (Vec<Effect>, RolloutStep) {
        let mut done = Vec::new();
        loop {
            match rollout.next() {
                RolloutStep::Perform(effect) => {
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
            assert_eq!(end, RolloutStep::Promoted);
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
                    RolloutStep::Failed {
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
    fn a_rehearsal_only_checks_and_compiles() {
        for rollout in all() {
            let (done, end) = run(rollout.clone().into_rehearsal(), None);
            assert_eq!(end, RolloutStep::Rehearsed);
            assert_eq!(done, rollout.plan[..done.len()]);
            assert!(rollout.plan.contains(&Effect::Compile) == done.contains(&Effect::Compile));
            assert!(
                !done.iter().any(|effect| undo_effect(*effect).is_some()),
                "{done:?}"
            );
            assert!(
                !done.contains(&Effect::StoreBytes) && !done.contains(&Effect::Switch),
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
