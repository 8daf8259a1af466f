//! A set of changes that are committed together.
//!
//! Tests: `tests/suite/state`.

use airssys_wasm_core::ComponentName;

use super::{Change, DeploymentRecord, PipelineRecord};

/// A set of changes that are committed together, all of them or none.
#[derive(Default)]
pub(crate) struct Transaction {
    pub(super) deployments: Vec<(ComponentName, Option<DeploymentRecord>)>,
    pub(super) pipelines: Vec<(ComponentName, Option<PipelineRecord>)>,
    pub(super) routes: Vec<(String, Option<String>)>,
    pub(super) changes: Vec<Change>,
}

impl Transaction {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Stores the record of a deployment.
    pub(crate) fn with_deployment(
        mut self,
        name: &ComponentName,
        record: DeploymentRecord,
    ) -> Self {
        self.deployments.push((name.clone(), Some(record)));
        self
    }

    /// Removes the record of a deployment.
    pub(crate) fn without_deployment(mut self, name: &ComponentName) -> Self {
        self.deployments.push((name.clone(), None));
        self
    }

    /// Stores the record of a pipeline.
    pub(crate) fn with_pipeline(mut self, name: &ComponentName, record: PipelineRecord) -> Self {
        self.pipelines.push((name.clone(), Some(record)));
        self
    }

    /// Removes the record of a pipeline.
    pub(crate) fn without_pipeline(mut self, name: &ComponentName) -> Self {
        self.pipelines.push((name.clone(), None));
        self
    }

    /// Stores a route, or removes it if it points to no deployment.
    #[cfg_attr(
        not(any(feature = "http", test)),
        expect(dead_code, reason = "only routes need it")
    )]
    pub(crate) fn with_route(mut self, route: String, name: Option<&ComponentName>) -> Self {
        self.routes.push((route, name.map(ToString::to_string)));
        self
    }

    /// Appends entries to the history.
    pub(crate) fn with_changes(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        self.changes.extend(changes);
        self
    }
}
