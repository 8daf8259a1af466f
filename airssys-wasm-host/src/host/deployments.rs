//! All deployments of a host.
//!
//! Tests: `tests/suite/links`, `tests/suite/state`, `tests/suite/pipelines`.

use std::sync::Arc;

use airssys_wasm_core::terms::Terms;

use super::Host;
use crate::context::HostContext;
use crate::deployment::Summary;
use crate::handle::Deployment;
use crate::registry::DeploymentTable;
use crate::state::{Change, UnreadableRecord};
use crate::{Component, Result};

/// All deployments of a host, for what concerns several of them. Returned by
/// [`Host::deployments`]; [`Host::deployment`] returns a single one.
#[derive(Clone, Copy, Debug)]
pub struct Deployments<'a>(&'a Host);

impl<'a> Deployments<'a> {
    pub(super) fn new(host: &'a Host) -> Self {
        Self(host)
    }

    fn table(self) -> &'a Arc<DeploymentTable> {
        &self.0.0.context.deployments
    }

    /// Returns every deployment in order of name, except those in the state directory that cannot
    /// be restored. Waits until all have been restored since the start. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::ErrorKind::Internal) if a thread of the host cannot be started.
    pub async fn list(self) -> Result<Vec<Deployment>> {
        let all = self.table().all().await?;
        Ok(all.into_iter().map(Deployment).collect())
    }

    /// Returns a summary of every deployment in order of name: the active revision, and any
    /// problem. Restores none of those in the state directory that have not been used since the
    /// start. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::ErrorKind::Internal) if a thread of the host cannot be started.
    pub async fn summaries(self) -> Result<Vec<Summary>> {
        Ok(self.table().summaries())
    }

    /// Returns the records of the state directory that could not be read when the host was built:
    /// of deployments, of pipelines, and of HTTP routes. The host has logged each.
    ///
    /// Such a deployment does not serve, and can be deployed again; such a pipeline can be deployed
    /// again after [`PipelineDeployments::remove`](super::PipelineDeployments::remove) has removed
    /// the rest of it.
    #[must_use]
    pub fn unreadable(self) -> &'a [UnreadableRecord] {
        &self.0.0.unreadable
    }

    /// Returns the terms that a new deployment of this component would have by default: the limits
    /// of this host, and the instancing mode that the component declares.
    #[must_use]
    pub fn default_terms(self, component: &Component) -> Terms {
        self.0.0.context.default_terms(component)
    }

    /// Returns the changes made to deployments, oldest first; the last 10,000 are stored.
    ///
    /// # Errors
    ///
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if there is no state directory,
    /// or it cannot be read.
    pub async fn history(self) -> Result<Vec<Change>> {
        let state = self.0.state()?;
        let blocking = &self.0.0.context.services.blocking;
        blocking.run(move || state.changes()).await
    }

    /// Removes several deployments, all or none. Links among them do not count, so deployments that
    /// import each other can be removed together.
    ///
    /// # Errors
    ///
    /// Those of [`Host::remove`], for the first deployment that cannot be removed.
    ///
    /// Cancel safe, like [`Host::remove`].
    pub async fn remove_all(self, names: &[&str]) -> Result<()> {
        let names = to_owned(names);
        let remove = move |context: &HostContext| context.deployments.remove(&names, None);
        self.0.0.context.remove_and_drain(remove).await
    }

    /// Checks that deployments could be removed together.
    ///
    /// # Errors
    ///
    /// Those of [`Host::remove`].
    pub async fn check_removal(self, names: &[&str]) -> Result<()> {
        let (table, names) = (Arc::clone(self.table()), to_owned(names));
        let check = move || table.check_removal(&names, None);
        self.0.0.context.services.run_state_write(check).await
    }
}

fn to_owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
