//! A rollout, from its first effect to its end.
//!
//! Dropping a run midway abandons it: what was prepared is dropped, and a paused deployment resumes
//! with its previous revision.

use std::pin::pin;
use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Effect, Outcome, Rollout, RolloutStep, Rule};

use super::checks::{StateLoss, VersionRequirement};
use super::compile::compile;
use super::target::RolloutTarget;
use super::{checks, grants, health};
use crate::clock::Ticks;
use crate::clock::run_until_deadline;
use crate::context::HostContext;
use crate::deployment::{ActiveRevision, DeploymentEntry};
use crate::instance::Instance;
use crate::observe::Event;
use crate::registry::DeploymentTable;
use crate::revision::{Revision, RevisionPlan};
use crate::runtime::Runtime;
use crate::state::BlobPin;
use crate::{Component, Error, ErrorKind, Result, link};

/// Time after the last deadline at which a drain is given up.
const DRAIN_MARGIN: Ticks = Ticks(100);

/// A rollout, and what it has prepared so far.
pub(super) struct RolloutRun<'a, P: RolloutTarget> {
    pub(super) runtime: &'a Arc<Runtime>,
    pub(super) names: &'a Arc<DeploymentTable>,
    pub(super) machine: Rollout,
    pub(super) name: ComponentName,
    /// `None` while a switch is carried out.
    pub(super) target: Option<P>,
    pub(super) overrides: Overrides,
    pub(super) candidate: Candidate<P::Live>,
    /// Keeps the component's bytes in the state directory until the rollout is committed.
    pub(super) pin: Option<BlobPin>,
    // Dropped last: nothing of the candidate is left when calls resume.
    pub(super) paused: Option<PausedDeployment>,
}

/// Everything that a switch takes to the thread that carries it out, because its caller may stop
/// waiting meanwhile.
struct PendingSwitch<P> {
    target: P,
    _pin: Option<BlobPin>,
    paused: Option<PausedDeployment>,
}

/// Checks that the caller chose to override.
#[derive(Clone, Copy, Default)]
pub(super) struct Overrides {
    pub(super) version: VersionRequirement,
    pub(super) state_loss: StateLoss,
}

/// The mode of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RolloutMode {
    /// A rollout that is carried out to its end.
    Real,
    /// A rollout that ends after its checks, and announces nothing.
    Rehearsal,
}

impl RolloutMode {
    fn from_machine(machine: &Rollout) -> Self {
        if machine.is_rehearsal() {
            Self::Rehearsal
        } else {
            Self::Real
        }
    }
}

/// The next revision, in its current state of preparation.
pub(super) enum Candidate<Live> {
    /// Not compiled yet.
    Draft(Box<RevisionPlan>),
    /// Compiled and ready to be started.
    Compiled(Arc<Revision>),
    /// Started, with its first instance.
    Started(Arc<Revision>, Box<Instance>),
    /// Serving calls.
    Live(Live),
    /// Discarded after a failure.
    Discarded,
}

impl<'a, P: RolloutTarget> RolloutRun<'a, P> {
    pub(super) fn new(
        context: &'a HostContext,
        machine: Rollout,
        place: P,
        allowed: Overrides,
        candidate: Candidate<P::Live>,
    ) -> Self {
        Self {
            runtime: &context.runtime,
            names: &context.deployments,
            machine,
            name: place.name().clone(),
            target: Some(place),
            overrides: allowed,
            candidate,
            pin: None,
            paused: None,
        }
    }

    /// Returns the existing deployment. Fails for a new one.
    pub(super) fn existing(&self) -> Result<Arc<DeploymentEntry>> {
        existing(&self.target).cloned()
    }

    /// Returns the revocations that the grants of the candidate lift. Empty once it is compiled.
    pub(super) fn lifted(&self) -> Vec<Rule> {
        match &self.candidate {
            Candidate::Draft(draft) => draft.lifted_revocations.clone(),
            _ => Vec::new(),
        }
    }

    /// Follows the machine to its end. Returns the result of the switch.
    pub(super) async fn follow(mut self) -> Result<P::Live> {
        self.run_machine().await?;
        match self.candidate {
            Candidate::Live(live) => Ok(live),
            _ => Err(invalid_state("the end")),
        }
    }

    /// Follows the machine of a rehearsal to its end; nothing remains of it.
    pub(super) async fn rehearse(mut self) -> Result<()> {
        self.run_machine().await
    }

    async fn run_machine(&mut self) -> Result<()> {
        let mut why = None;
        loop {
            match self.machine.next() {
                RolloutStep::Perform(effect) => {
                    let outcome = self.step(effect).await;
                    self.machine.report(if outcome.is_ok() {
                        Outcome::Succeeded
                    } else {
                        Outcome::Failed
                    });
                    why = why.or(outcome.err());
                }
                RolloutStep::Promoted | RolloutStep::Rehearsed => return Ok(()),
                RolloutStep::RolledBack { failed } => {
                    let error = why
                        .unwrap_or_else(|| invalid_state("a failure"))
                        .in_phase(failed);
                    self.announce_failure(failed, &error);
                    return Err(error);
                }
            }
        }
    }

    async fn step(&mut self, effect: Effect) -> Result<()> {
        if let Some(probe) = &self.runtime.probe {
            let told = probe.before(&self.name, effect).await;
            if !self.machine.is_undoing() {
                told.map_err(|why| Error::new(ErrorKind::StoppedByProbe, why))?;
            }
        }
        tracing::debug!(component = %self.name, %effect, "rollout");
        self.carry_out(effect).await?;
        if !self.machine.is_rehearsal() {
            self.runtime.announcer.announce(Event::RolloutStep {
                component: self.name.clone(),
                effect,
            });
        }
        Ok(())
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<()> {
        match (effect, &mut self.candidate) {
            (Effect::CheckVersion, Candidate::Draft(draft)) => {
                let named = existing(&self.target)?;
                checks::version(&named.revision(), draft, self.overrides.version)
            }
            (Effect::CheckState, _) => checks::state(
                &existing(&self.target)?.revision(),
                self.overrides.state_loss,
            ),
            (Effect::CheckWorld, Candidate::Draft(draft)) => {
                checks::world(&existing(&self.target)?.revision(), draft)
            }
            (Effect::CheckImports, Candidate::Draft(draft)) => {
                let providers = self.runtime.programs.providers();
                // Only a component that others may serve waits until all of them are restored.
                let deployed = match link::needs_links(draft.component.world(), providers) {
                    true => self.names.all().await?,
                    false => Vec::new(),
                };
                checks::imports(draft, providers, &deployed)
            }
            (Effect::CheckGrants, _) => self.authorize().await,
            (Effect::Compile, _) => self.compile().await,
            (Effect::StoreBytes, Candidate::Compiled(revision)) => {
                self.pin = store_component(self.runtime, &revision.component).await?;
                Ok(())
            }
            (Effect::Pause, _) => {
                self.paused = Some(PausedDeployment::begin(existing(&self.target)?));
                Ok(())
            }
            (Effect::Drain, _) => drain(self.runtime, existing(&self.target)?).await,
            (Effect::Start, Candidate::Compiled(revision)) => {
                let instance = revision.start_within_call_time(self.runtime).await?;
                self.candidate = Candidate::Started(Arc::clone(revision), Box::new(instance));
                Ok(())
            }
            (Effect::BindHandles, Candidate::Started(revision, instance)) => {
                existing(&self.target)?.handles.bind_all(revision, instance)
            }
            (Effect::CheckHealth, Candidate::Started(revision, instance)) => {
                health::check(self.runtime, revision, instance).await
            }
            (Effect::Switch, _) => self.switch().await,
            (Effect::Discard, _) => {
                self.candidate = Candidate::Discarded;
                Ok(())
            }
            (Effect::Resume, _) => {
                self.paused = None;
                Ok(())
            }
            (effect, _) => Err(invalid_state(&effect.to_string())),
        }
    }

    /// Checks the grants and opens what they allow, on a blocking thread.
    async fn authorize(&mut self) -> Result<()> {
        let Candidate::Draft(mut draft) = self.take_candidate() else {
            return Err(invalid_state("checking grants"));
        };
        let named = target(&self.target)?.existing().ok().cloned();
        let (runtime, mode) = (
            Arc::clone(self.runtime),
            RolloutMode::from_machine(&self.machine),
        );
        let authorize = move || {
            let authorized = grants::authorize(named.as_deref(), &runtime, &mut draft, mode);
            Ok((authorized, draft))
        };
        let (authorized, draft) = self.runtime.blocking.run(authorize).await?;
        self.candidate = Candidate::Draft(draft);
        authorized
    }

    /// Obtains a program: at once if its code is available, or else compiled off the threads that
    /// serve calls.
    async fn compile(&mut self) -> Result<()> {
        let Candidate::Draft(draft) = self.take_candidate() else {
            return Err(invalid_state("compiling"));
        };
        let program = compile(self.runtime, &draft).await?;
        let revision = draft
            .into_revision(self.runtime, program)
            .ok_or_else(|| invalid_state("compiling"))?;
        self.candidate = Candidate::Compiled(Arc::new(revision));
        Ok(())
    }

    /// Carries out the one effect that callers see: at once, or on a blocking thread if something
    /// is written. Once that has begun, it runs to its end.
    async fn switch(&mut self) -> Result<()> {
        let (Candidate::Started(revision, instance), Some(place)) =
            (self.take_candidate(), self.target.take())
        else {
            return Err(invalid_state("switching"));
        };
        let mut switching = PendingSwitch {
            target: place,
            _pin: self.pin.take(),
            paused: self.paused.take(),
        };
        let (runtime, deployments) = (Arc::clone(self.runtime), Arc::clone(self.names));
        let switch = move || {
            let live = deployments
                .lock_links(&revision)
                .and_then(|_links| switching.target.switch(&runtime, revision, instance));
            Ok((live, switching))
        };
        let (live, switching) = self.runtime.run_state_write(switch).await?;
        self.paused = switching.paused;
        self.target = Some(switching.target);
        self.candidate = Candidate::Live(live?);
        Ok(())
    }

    fn take_candidate(&mut self) -> Candidate<P::Live> {
        std::mem::replace(&mut self.candidate, Candidate::Discarded)
    }

    fn announce_failure(&self, failed: Effect, error: &Error) {
        if self.machine.is_rehearsal() {
            return;
        }
        let component = self.name.clone();
        tracing::warn!(%component, %error, "rolled back");
        self.runtime.announcer.announce(Event::RolledBack {
            component,
            failed,
            reason: error.to_string(),
        });
    }
}

fn target<P>(place: &Option<P>) -> Result<&P> {
    place
        .as_ref()
        .ok_or_else(|| invalid_state("an effect while it was switching"))
}

/// Returns the existing deployment. Fails for a new one.
fn existing<P: RolloutTarget>(place: &Option<P>) -> Result<&Arc<DeploymentEntry>> {
    target(place)?.existing()
}

/// Stores the bytes of a component in the state directory, if there is one.
pub(super) async fn store_component(
    runtime: &Arc<Runtime>,
    component: &Component,
) -> Result<Option<BlobPin>> {
    let Some(state) = runtime.state() else {
        return Ok(None);
    };
    let component = component.clone();
    runtime
        .blocking
        .run(move || state.store_component(&component).map(Some))
        .await
}

/// Waits for the calls in flight. Each ends by its deadline, unless the embedder holds its future
/// and does not poll it: then the drain fails, so that the other calls do not wait any longer.
async fn drain(runtime: &Runtime, named: &DeploymentEntry) -> Result<()> {
    let revision = named.revision();
    let clock = runtime.engines.clock();
    let until = clock
        .now()
        .saturating_add(revision.deadline_ticks_max())
        .saturating_add(DRAIN_MARGIN);
    let drained = pin!(named.drained());
    run_until_deadline(clock, until, drained).await.map_err(|_| {
        let message = format!(
            "calls of {revision} have not ended after their deadline: their futures are held and not polled"
        );
        Error::new(ErrorKind::DeadlineExceeded, message)
    })
}

/// A paused deployment whose calls wait. Dropping it resumes them, unless another revision serves
/// by then.
pub(super) struct PausedDeployment {
    named: Arc<DeploymentEntry>,
    serving: Arc<ActiveRevision>,
}

impl PausedDeployment {
    fn begin(named: &Arc<DeploymentEntry>) -> Self {
        let serving = named.active_revision();
        serving.pause();
        Self {
            named: Arc::clone(named),
            serving,
        }
    }
}

impl Drop for PausedDeployment {
    fn drop(&mut self) {
        self.named.resume(&self.serving);
    }
}

pub(super) fn invalid_state(what: &str) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("the rollout came to {what}, which is not valid in this state; this is a bug"),
    )
}
