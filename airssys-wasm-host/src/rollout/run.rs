//! A rollout, from its first effect to its end.
//!
//! Dropping a run before the switch abandons it: everything prepared is dropped, and a paused
//! deployment resumes with its previous revision. A switch that writes to the state directory
//! completes even if the run is dropped meanwhile.
//!
//! Tests: in this file, `tests/suite/promises`.

use std::pin::pin;
use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Effect, Outcome, Rollout, RolloutStep};

use super::authorize::authorize;
use super::checks::{StateLoss, VersionRequirement};
use super::compile::compile;
use super::target::RolloutTarget;
use super::{checks, health, invalid_state};
use crate::clock::Ticks;
use crate::clock::run_until_deadline;
use crate::context::HostContext;
use crate::deployment::{ActiveRevision, DeploymentEntry};
use crate::instance::Instance;
use crate::observe::Event;
use crate::registry::DeploymentTable;
use crate::revision::{Revision, RevisionPlan};
use crate::services::HostServices;
use crate::state::BlobPin;
use crate::{Component, Error, ErrorKind, Result, link};

/// Time after the last deadline at which a drain is given up.
const DRAIN_MARGIN: Ticks = Ticks(100);

/// A rollout, and what it has prepared so far.
pub(super) struct RolloutRun<'a, P: RolloutTarget> {
    pub(super) services: &'a Arc<HostServices>,
    pub(super) deployments: &'a Arc<DeploymentTable>,
    pub(super) machine: Rollout,
    pub(super) name: ComponentName,
    pub(super) overrides: Overrides,
    pub(super) candidate: Candidate<P::Live>,
    /// Keeps the component's bytes in the state directory until the rollout is committed.
    pub(super) pin: Option<BlobPin>,
    // Dropped after the candidate: nothing of it is left when calls resume.
    pub(super) paused: Option<PausedDeployment>,
    /// `None` while a switch is carried out.
    // Dropped last, because it holds the rollout lock: another rollout must not pause the
    // deployment before this one has resumed it.
    pub(super) target: Option<P>,
}

/// Everything that a switch takes to the thread that carries it out, because its caller may stop
/// waiting meanwhile.
struct PendingSwitch<P> {
    _pin: Option<BlobPin>,
    paused: Option<PausedDeployment>,
    // Dropped last, as in `RolloutRun`.
    target: P,
}

/// The checks that the caller of a rollout has disabled.
#[derive(Clone, Copy, Default)]
pub(super) struct Overrides {
    pub(super) version: VersionRequirement,
    pub(super) state_loss: StateLoss,
}

/// The next revision, in its current state of preparation.
pub(super) enum Candidate<Live> {
    /// Planned, and not compiled yet.
    Planned(Box<RevisionPlan>),
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
        target: P,
        overrides: Overrides,
        candidate: Candidate<P::Live>,
    ) -> Self {
        Self {
            services: &context.services,
            deployments: &context.deployments,
            machine,
            name: target.name().clone(),
            overrides,
            candidate,
            pin: None,
            paused: None,
            target: Some(target),
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
        let mut first_error = None;
        loop {
            match self.machine.next() {
                RolloutStep::Perform(effect) => {
                    let outcome = self.step(effect).await;
                    self.machine.report(if outcome.is_ok() {
                        Outcome::Succeeded
                    } else {
                        Outcome::Failed
                    });
                    first_error = first_error.or(outcome.err());
                }
                RolloutStep::Promoted | RolloutStep::Rehearsed => return Ok(()),
                RolloutStep::Failed { failed } => {
                    let error = first_error
                        .unwrap_or_else(|| invalid_state("a failure"))
                        .in_phase(failed);
                    self.announce_failure(failed, &error);
                    return Err(error);
                }
            }
        }
    }

    async fn step(&mut self, effect: Effect) -> Result<()> {
        if let Some(probe) = &self.services.probe {
            let verdict = probe.before(&self.name, effect).await;
            if !self.machine.is_undoing() {
                verdict.map_err(|reason| Error::new(ErrorKind::StoppedByProbe, reason))?;
            }
        }
        tracing::debug!(component = %self.name, %effect, "rollout");
        self.carry_out(effect).await?;
        if !self.machine.is_rehearsal() {
            self.services.announcer.announce(Event::RolloutStep {
                deployment: self.name.clone(),
                effect,
            });
        }
        Ok(())
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<()> {
        match (effect, &mut self.candidate) {
            (Effect::CheckVersion, Candidate::Planned(plan)) => {
                let deployment = existing(&self.target)?;
                checks::version(&deployment.revision(), plan, self.overrides.version)
            }
            (Effect::CheckState, _) => checks::state(
                &existing(&self.target)?.revision(),
                self.overrides.state_loss,
            ),
            (Effect::CheckWorld, Candidate::Planned(plan)) => {
                checks::world(&existing(&self.target)?.revision(), plan)
            }
            (Effect::CheckImports, Candidate::Planned(plan)) => {
                let providers = self.services.programs.providers();
                // Only a component that others may serve waits until all of them are restored.
                let deployed = match link::needs_links(plan.component.world(), providers) {
                    true => self.deployments.all().await?,
                    false => Vec::new(),
                };
                checks::imports(plan, providers, &deployed)
            }
            (Effect::CheckGrants, _) => self.authorize().await,
            (Effect::Compile, _) => self.compile().await,
            (Effect::StoreBytes, Candidate::Compiled(revision)) => {
                self.pin = store_component(self.services, &revision.component).await?;
                Ok(())
            }
            (Effect::Pause, _) => {
                self.paused = Some(PausedDeployment::begin(existing(&self.target)?));
                Ok(())
            }
            (Effect::Drain, _) => drain(self.services, existing(&self.target)?).await,
            (Effect::Start, Candidate::Compiled(revision)) => {
                let instance = revision.start_within_call_time(self.services).await?;
                self.candidate = Candidate::Started(Arc::clone(revision), Box::new(instance));
                Ok(())
            }
            (Effect::BindHandles, Candidate::Started(revision, instance)) => {
                existing(&self.target)?.handles.bind_all(revision, instance)
            }
            (Effect::CheckHealth, Candidate::Started(revision, instance)) => {
                health::check(self.services, revision, instance).await
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

    /// Authorizes the planned revision.
    async fn authorize(&mut self) -> Result<()> {
        let Candidate::Planned(plan) = self.take_candidate() else {
            return Err(invalid_state("checking grants"));
        };
        let deployment = target(&self.target)?.existing();
        let plan = authorize(self.services, &self.machine, deployment, plan).await?;
        self.candidate = Candidate::Planned(plan);
        Ok(())
    }

    /// Obtains a program: at once if its code is available, or else compiled off the threads that
    /// serve calls.
    async fn compile(&mut self) -> Result<()> {
        let Candidate::Planned(plan) = self.take_candidate() else {
            return Err(invalid_state("compiling"));
        };
        let program = compile(self.services, &plan).await?;
        let revision = plan
            .into_revision(self.services, program)
            .ok_or_else(|| invalid_state("compiling"))?;
        self.candidate = Candidate::Compiled(Arc::new(revision));
        Ok(())
    }

    /// Carries out the one effect that callers see: at once, or on a blocking thread if something
    /// is written. Once that has begun, it runs to its end.
    async fn switch(&mut self) -> Result<()> {
        let (Candidate::Started(revision, instance), Some(target)) =
            (self.take_candidate(), self.target.take())
        else {
            return Err(invalid_state("switching"));
        };
        let mut switching = PendingSwitch {
            _pin: self.pin.take(),
            paused: self.paused.take(),
            target,
        };
        let (services, deployments) = (Arc::clone(self.services), Arc::clone(self.deployments));
        let switch = move || {
            let live = deployments
                .lock_links(&revision)
                .and_then(|_links| switching.target.switch(&services, revision, instance));
            Ok((live, switching))
        };
        let (live, switching) = self.services.run_state_write(switch).await?;
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
        tracing::warn!(component = %self.name, %error, "rolled back");
        self.services.announcer.announce(Event::RolloutFailed {
            deployment: self.name.clone(),
            failed,
            reason: error.to_string(),
        });
    }
}

fn target<P>(target: &Option<P>) -> Result<&P> {
    target
        .as_ref()
        .ok_or_else(|| invalid_state("an effect while it was switching"))
}

/// Returns the existing deployment. Fails for a new one.
fn existing<P: RolloutTarget>(of: &Option<P>) -> Result<&Arc<DeploymentEntry>> {
    target(of)?
        .existing()
        .ok_or_else(|| invalid_state("an effect that needs an existing deployment"))
}

/// Stores the bytes of a component in the state directory, if there is one.
pub(super) async fn store_component(
    services: &Arc<HostServices>,
    component: &Component,
) -> Result<Option<BlobPin>> {
    let Some(state) = services.state() else {
        return Ok(None);
    };
    let component = component.clone();
    services
        .blocking
        .run(move || state.store_component(&component).map(Some))
        .await
}

/// Waits for the calls in flight on every revision. Each ends by its deadline, unless the embedder
/// holds its future and does not poll it: then the drain fails, so that the waiting calls do not
/// wait any longer.
async fn drain(services: &HostServices, deployment: &DeploymentEntry) -> Result<()> {
    let undrained = deployment.undrained_revisions();
    let deadlines = undrained.iter().map(|it| it.revision.deadline_ticks_max());
    let clock = services.engines.clock();
    let until = clock
        .now()
        .saturating_add(deadlines.max().unwrap_or(Ticks(0)))
        .saturating_add(DRAIN_MARGIN);
    let drained = pin!(deployment.drained());
    let outcome = run_until_deadline(clock, until, drained).await;
    outcome.map_err(|_| not_drained_error(&deployment.name, &undrained))
}

fn not_drained_error(name: &ComponentName, undrained: &[Arc<ActiveRevision>]) -> Error {
    let calls = undrained
        .iter()
        .map(|active| (active.revision.number, active.calls_inside()));
    let inside: Vec<(u64, u64)> = calls.filter(|(_, calls)| *calls > 0).collect();
    let count: u64 = inside.iter().map(|(_, calls)| calls).sum();
    let revisions: Vec<String> = inside
        .iter()
        .map(|(number, _)| number.to_string())
        .collect();
    let message = format!(
        "`{name}`: {count} {} ({} {}) did not end by their deadline; a call whose future is not polled cannot end",
        if count == 1 { "call" } else { "calls" },
        if revisions.len() == 1 {
            "revision"
        } else {
            "revisions"
        },
        revisions.join(", "),
    );
    Error::new(ErrorKind::DeadlineExceeded, message)
}

/// A paused deployment whose calls wait. Dropping it resumes them, unless another revision serves
/// by then.
pub(super) struct PausedDeployment {
    deployment: Arc<DeploymentEntry>,
    active: Arc<ActiveRevision>,
}

impl PausedDeployment {
    fn begin(deployment: &Arc<DeploymentEntry>) -> Self {
        let active = deployment.active_revision();
        active.pause();
        Self {
            deployment: Arc::clone(deployment),
            active,
        }
    }
}

impl Drop for PausedDeployment {
    fn drop(&mut self) {
        self.deployment.resume(&self.active);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use airssys_wasm_core::Strategy;

    use super::*;
    use crate::Host;

    /// A target that records, when it is dropped, whether its deployment admits calls.
    struct RecordingTarget {
        deployment: Arc<DeploymentEntry>,
        has_admitted: Arc<AtomicBool>,
    }

    impl RolloutTarget for RecordingTarget {
        type Live = ();

        fn name(&self) -> &ComponentName {
            &self.deployment.name
        }

        fn existing(&self) -> Option<&Arc<DeploymentEntry>> {
            Some(&self.deployment)
        }

        fn switch(
            &mut self,
            _: &Arc<HostServices>,
            _: Arc<Revision>,
            _: Box<Instance>,
        ) -> Result<()> {
            Ok(())
        }
    }

    impl Drop for RecordingTarget {
        fn drop(&mut self) {
            let admitted = self
                .deployment
                .admit()
                .is_ok_and(|admission| admission.is_some());
            self.has_admitted.store(admitted, Ordering::SeqCst);
        }
    }

    /// The target holds the rollout lock.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_dropped_rollout_resumes_the_deployment_before_the_next_one_begins() {
        let host = Host::builder()
            .pooled_instances_max(4)
            .build()
            .expect("a host");
        let bytes = wat::parse_str("(component)").expect("a component");
        let component = Component::from_bytes(bytes).expect("a component");
        let deployment = host.deploy(component).name("paused").await;
        let deployment = deployment.expect("deployed").0;
        let target = || {
            let has_admitted = Arc::new(AtomicBool::new(false));
            let target = RecordingTarget {
                deployment: Arc::clone(&deployment),
                has_admitted: Arc::clone(&has_admitted),
            };
            (target, has_admitted)
        };

        let (in_run, has_admitted) = target();
        let machine = Rollout::update(Strategy::Recreate);
        let (overrides, candidate) = (Overrides::default(), Candidate::Discarded);
        let context = &host.0.context;
        let mut run = RolloutRun::new(context, machine, in_run, overrides, candidate);
        run.paused = Some(PausedDeployment::begin(&deployment));
        drop(run);
        assert!(has_admitted.load(Ordering::SeqCst));

        let (in_switch, has_admitted) = target();
        drop(PendingSwitch {
            _pin: None,
            paused: Some(PausedDeployment::begin(&deployment)),
            target: in_switch,
        });
        assert!(has_admitted.load(Ordering::SeqCst));
    }
}
