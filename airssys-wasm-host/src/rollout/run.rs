//! One rollout, from its first effect to its end.
//!
//! Dropping a run in the middle abandons it: what was prepared is dropped, and a
//! name that was paused goes on with the revision it had.

use std::pin::pin;
use std::sync::Arc;

use airssys_wasm_core::Instancing;
use airssys_wasm_core::{ComponentName, Decision, Effect, Outcome, Rollout, check_version};
use wasmtime::component::TypedFunc;

use crate::deployment::{Draft, Named, Revision, Serving};
use crate::instance::Instance;
use crate::observe::Event;
use crate::program::Program;
use crate::runtime::Runtime;
use crate::{Error, ErrorKind, Result};

/// The interface through which a component says whether it is well.
const HEALTH_INTERFACE: &str = "airssys:lifecycle/health@0.1.0";
const HEALTH: &str = "airssys:lifecycle/health@0.1.0#check";

/// What a rollout works on and has prepared so far.
pub(super) struct Run<'a> {
    pub(super) runtime: &'a Arc<Runtime>,
    pub(super) name: ComponentName,
    pub(super) machine: Rollout,
    /// The name as it is; none for a first revision.
    pub(super) current: Option<Arc<Named>>,
    pub(super) version_may_be_any: bool,
    pub(super) state_may_be_lost: bool,
    /// What to make a revision of; taken when there is a program.
    pub(super) draft: Option<Draft>,
    program: Option<Arc<Program>>,
    pub(super) revision: Option<Arc<Revision>>,
    first: Option<Box<Instance>>,
    paused: Option<Arc<Serving>>,
    outcome: Option<Live>,
}

/// What the switch left behind.
pub(super) struct Live {
    pub(super) named: Arc<Named>,
    /// What served before, to be drained.
    pub(super) old: Option<Arc<Serving>>,
}

impl<'a> Run<'a> {
    pub(super) fn new(runtime: &'a Arc<Runtime>, name: ComponentName, machine: Rollout) -> Self {
        Self {
            runtime,
            name,
            machine,
            current: None,
            version_may_be_any: false,
            state_may_be_lost: false,
            draft: None,
            program: None,
            revision: None,
            first: None,
            paused: None,
            outcome: None,
        }
    }

    /// Follows the machine to its end.
    pub(super) async fn follow(mut self) -> Result<Live> {
        let mut why = None;
        loop {
            match self.machine.next() {
                Decision::Do(effect) => {
                    let outcome = self.step(effect).await;
                    self.machine.report(if outcome.is_ok() { Outcome::Succeeded } else { Outcome::Failed });
                    why = why.or(outcome.err());
                }
                Decision::Promoted => {
                    return self.outcome.take().ok_or_else(|| unprepared("the switch"));
                }
                Decision::RolledBack { failed } => {
                    let error = why.unwrap_or_else(|| unprepared("a reason")).in_phase(failed);
                    self.announce_failure(failed, &error);
                    return Err(error);
                }
            }
        }
    }

    async fn step(&mut self, effect: Effect) -> Result<()> {
        if let Some(probe) = &self.runtime.probe {
            probe
                .before(&self.name, effect)
                .await
                .map_err(|why| Error::new(ErrorKind::StoppedByProbe, why))?;
        }
        tracing::debug!(component = %self.name, %effect, "rollout");
        self.carry_out(effect).await?;
        self.runtime.announcer.announce(Event::RolloutStep { component: self.name.clone(), effect });
        Ok(())
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::CheckVersion => self.check_version(),
            Effect::CheckState => self.check_state(),
            Effect::CheckWorld => self.check_world(),
            Effect::Compile => self.compile().await,
            Effect::Link => self.link(),
            Effect::Pause => self.pause(),
            Effect::Drain => self.drain().await,
            Effect::Start => self.start().await,
            Effect::BindCallers => self.bind_callers(),
            Effect::CheckHealth => self.check_health().await,
            Effect::Switch => self.switch(),
            Effect::Discard => self.discard(),
            Effect::Resume => self.resume(),
            other => Err(unprepared(&other.to_string())),
        }
    }

    fn check_version(&mut self) -> Result<()> {
        if self.version_may_be_any {
            return Ok(());
        }
        let serving = self.serving()?;
        Ok(check_version(serving.revision.component.version(), self.draft()?.component.version())?)
    }

    fn check_state(&mut self) -> Result<()> {
        let serving = self.serving()?;
        if serving.revision.instancing != Instancing::Stateful || self.state_may_be_lost {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::StateWouldBeLost,
            format!(
                "{} is stateful, and the next revision would start without what it remembers; say `.discard_state()` if it may be lost",
                serving.revision
            ),
        ))
    }

    fn check_world(&mut self) -> Result<()> {
        let serving = self.serving()?;
        Ok(serving.revision.component.world().check_stand_in(self.draft()?.component.world())?)
    }

    /// Has a program: at once if its code is at hand, else compiled away from the
    /// threads that serve calls.
    async fn compile(&mut self) -> Result<()> {
        let draft = self.draft()?;
        let (runtime, component) = (Arc::clone(self.runtime), draft.component.clone());
        let limits = draft.limits.clone();
        self.program = Some(if runtime.has_program_at_hand(&component, &limits) {
            runtime.program(&component, &limits)?
        } else {
            let compiling = tokio::task::spawn_blocking(move || runtime.program(&component, &limits));
            compiling.await.map_err(|error| {
                Error::new(ErrorKind::Internal, "the compiler did not return").with_source(error)
            })??
        });
        Ok(())
    }

    fn link(&mut self) -> Result<()> {
        let program = self.program.take().ok_or_else(|| unprepared("a program"))?;
        let draft = self.draft.take().ok_or_else(|| unprepared("a draft"))?;
        self.revision = Some(Arc::new(draft.with_program(self.runtime, program)));
        Ok(())
    }

    fn pause(&mut self) -> Result<()> {
        let serving = self.serving()?;
        serving.close();
        self.paused = Some(serving);
        Ok(())
    }

    async fn drain(&mut self) -> Result<()> {
        self.serving()?.drained().await;
        Ok(())
    }

    async fn start(&mut self) -> Result<()> {
        let revision = self.revision()?;
        let deadline = self.runtime.engines.clock().now().plus(revision.call_ticks);
        let started = pin!(Instance::start(self.runtime, &revision, deadline));
        let instance =
            crate::call::within(self.runtime.engines.clock(), deadline, started).await.map_err(|_| {
                let message = format!("{revision} {}", crate::call::deadline_message(&revision));
                Error::new(ErrorKind::StartFailed, message)
            })??;
        self.first = Some(Box::new(instance));
        Ok(())
    }

    fn bind_callers(&mut self) -> Result<()> {
        let revision = self.revision()?;
        let first = self.first.as_mut().ok_or_else(|| unprepared("an instance"))?;
        match &self.current {
            Some(named) => named.callers.bind_all(&revision, first),
            None => Ok(()),
        }
    }

    async fn check_health(&mut self) -> Result<()> {
        let revision = self.revision()?;
        let health = HEALTH.parse()?;
        if revision.program.compiled().get_export_index(None, HEALTH_INTERFACE).is_none() {
            return Ok(());
        }
        let deadline = self.runtime.engines.clock().now().plus(revision.call_ticks);
        let first = self.first.as_mut().ok_or_else(|| unprepared("an instance"))?;
        first.arm(deadline, revision.limits.fuel_per_call)?;
        let index = revision.export(&health, first)?;
        let check: TypedFunc<(), (Result<(), String>,)> = first
            .wasm
            .get_typed_func(&mut first.store, index)
            .map_err(|error| unhealthy(&revision, &format!("{error:#}")))?;
        let asked = pin!(check.call_async(&mut first.store, ()));
        match crate::call::within(self.runtime.engines.clock(), deadline, asked).await {
            Ok(Ok((Ok(()),))) => Ok(()),
            Ok(Ok((Err(why),))) => Err(unhealthy(&revision, &why)),
            Ok(Err(error)) => Err(unhealthy(&revision, &format!("{:#}", error.root_cause()))),
            Err(_) => Err(unhealthy(&revision, &crate::call::deadline_message(&revision))),
        }
    }

    /// The one effect that callers see.
    fn switch(&mut self) -> Result<()> {
        let revision = self.revision()?;
        let first = self.first.take().ok_or_else(|| unprepared("an instance"))?;
        self.paused = None;
        self.outcome = Some(match self.current.take() {
            None => {
                Live { named: Arc::new(Named::new(Arc::clone(self.runtime), revision, first)), old: None }
            }
            Some(named) => {
                let old = named.switch(Serving::new(Arc::clone(&revision), Some(first)));
                Live { named, old: Some(old) }
            }
        });
        Ok(())
    }

    fn discard(&mut self) -> Result<()> {
        self.first = None;
        Ok(())
    }

    /// Serves the old revision again, by a new serving: a closed one stays closed.
    fn resume(&mut self) -> Result<()> {
        if let (Some(paused), Some(named)) = (self.paused.take(), &self.current) {
            named.switch(Serving::new(Arc::clone(&paused.revision), None));
        }
        Ok(())
    }

    fn serving(&self) -> Result<Arc<Serving>> {
        self.current.as_ref().map(|named| named.serving()).ok_or_else(|| unprepared("a name"))
    }

    fn draft(&self) -> Result<&Draft> {
        self.draft.as_ref().ok_or_else(|| unprepared("a draft"))
    }

    fn revision(&self) -> Result<Arc<Revision>> {
        self.revision.clone().ok_or_else(|| unprepared("a revision"))
    }

    fn announce_failure(&self, failed: Effect, error: &Error) {
        tracing::warn!(component = %self.name, %error, "rolled back");
        self.runtime.announcer.announce(Event::RolledBack {
            component: self.name.clone(),
            failed,
            reason: error.to_string(),
        });
    }
}

impl Drop for Run<'_> {
    /// A run that is abandoned leaves no name paused.
    fn drop(&mut self) {
        // It cannot fail.
        let _ = self.resume();
    }
}

fn unprepared(what: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the rollout came to a step without {what}; this is a bug"))
}

fn unhealthy(revision: &Revision, why: &str) -> Error {
    Error::new(ErrorKind::Unhealthy, format!("{revision} says that it is not well: {why}"))
}
