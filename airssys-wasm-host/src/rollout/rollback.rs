//! The builder of a rollback.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Instant;

use airssys_wasm_core::{Rollout, Strategy};
use semver::Version;
use tracing::{Instrument as _, Span};

use super::checks::StateLoss;
use super::run::{Candidate, Overrides, RolloutRun};
use super::target::{ExistingDeployment, RolloutCause};
use super::{Promotion, RolloutFuture};
use crate::context::HostContext;
use crate::{Error, ErrorKind, Result, restore};

/// A pending rollback to an earlier revision; await it to begin. See
/// [`Host::rollback`](crate::Host::rollback).
#[must_use = "nothing is rolled back until this is awaited"]
pub struct Rollback<'a> {
    context: &'a Arc<HostContext>,
    name: String,
    version: Option<String>,
    strategy: Strategy,
    overrides: Overrides,
}

impl<'a> Rollback<'a> {
    pub(crate) fn new(context: &'a Arc<HostContext>, name: String) -> Self {
        Self {
            context,
            name,
            version: None,
            strategy: Strategy::default(),
            overrides: Overrides::default(),
        }
    }

    /// Sets the version to roll back to: the latest retained revision that has it. Defaults to the
    /// revision that was active before the present one. `1.5.0` and `v1.5.0` are equivalent.
    pub fn to_version(self, version: impl Into<String>) -> Self {
        Self {
            version: Some(version.into()),
            ..self
        }
    }

    /// Sets the rollout strategy. Defaults to blue-green.
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// Allows the state of a stateful component to be lost.
    pub fn discard_state(self) -> Self {
        Self {
            overrides: Overrides {
                state_loss: StateLoss::Allowed,
                ..self.overrides
            },
            ..self
        }
    }

    /// Rehearses the rollback: checks and compiles everything. Runs nothing of the component, rolls
    /// nothing back, and announces no event. Cancel safe.
    ///
    /// # Errors
    ///
    /// The errors of a rollback, except those that only starting the component would reveal.
    pub async fn rehearse(self) -> Result<()> {
        let machine = Rollout::rollback(self.strategy).into_rehearsal();
        let (run, span) = self.prepare(machine).await?;
        run.rehearse().instrument(span).await
    }

    async fn run(self) -> Result<Promotion> {
        let begun = Instant::now();
        let machine = Rollout::rollback(self.strategy);
        let (run, span) = self.prepare(machine).await?;
        Ok(Promotion::new(run.follow().instrument(span).await?, begun))
    }

    async fn prepare(self, machine: Rollout) -> Result<(RolloutRun<'a, ExistingDeployment>, Span)> {
        let version = self.version.as_deref().map(parse_version).transpose()?;
        let deployment = self.context.deployments.find(&self.name).await?;
        let rollout_lock = deployment.lock_rollout().await;
        deployment.check_not_ended()?;
        let kept = deployment.rollback_target(version.as_ref())?;
        let span =
            tracing::info_span!("rollback", component = %deployment.name, to = kept.number());
        let revision = restore::ensure_loaded(&deployment, kept).await?;
        let target = ExistingDeployment {
            deployment,
            _rollout_lock: rollout_lock,
            cause: RolloutCause::Rollback,
        };
        let candidate = Candidate::Compiled(revision);
        Ok((
            RolloutRun::new(self.context, machine, target, self.overrides, candidate),
            span,
        ))
    }
}

impl<'a> IntoFuture for Rollback<'a> {
    type Output = Result<Promotion>;
    type IntoFuture = RolloutFuture<'a, Promotion>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

fn parse_version(text: &str) -> Result<Version> {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).map_err(|error| {
        Error::new(
            ErrorKind::InvalidName,
            format!(
                "`{}` is not a version; write for example 1.5.0",
                text.escape_debug()
            ),
        )
        .with_source(error)
    })
}
