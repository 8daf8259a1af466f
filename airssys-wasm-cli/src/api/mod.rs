//! The API between the command and the host process: JSON over HTTP/1.1.
//!
//! `--output json` prints the same objects.

mod call;
mod change;
mod deployment;
mod desired;
mod dry_run;
mod event;
mod grants;
pub(crate) mod kinds;
mod package;
mod pipeline;
mod problem;
mod route;
mod spec;
mod with_terms;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use airssys_wasm_core::policy::GrantRules;
pub(crate) use call::{CallRequest, CallResult, FunctionView, ValueFormat};
pub(crate) use change::ChangeView;
pub(crate) use deployment::{
    DeploymentList, DeploymentView, RevisionView, RolloutResult, parse_request_lines, request_lines,
};
pub(crate) use desired::{ApplyResult, DesiredDeployment, DesiredPipeline};
pub(crate) use dry_run::{DryRunQuery, MaybeDryRun, RemovalResult};
pub(crate) use event::{EventView, OutputLine};
pub(crate) use grants::{
    ExplainRequest, ExplanationView, GrantsView, RevocationResult, RevokeRequest,
};
pub(crate) use package::{PackageView, PublishSpec, PublishedVersion};
pub(crate) use pipeline::{
    DeadLetterView, GraphView, PipelineSpec, PipelineView, RunLine, build_pipeline, parse_inputs,
    stage_part_name,
};
pub(crate) use problem::Problem;
pub(crate) use route::{RouteChange, RouteQuery, RouteStatus, RouteView};
pub(crate) use spec::{
    ApproveSpec, DeployOptions, DeploySpec, GrantSpec, RollbackSpec, StageUpdateOptions,
    StageUpdateSpec, UpdateOptions, UpdateSpec, parse_strategy, with_version,
};
pub(crate) use with_terms::WithTerms;

/// Information about a host process.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct About {
    /// Version of airssys-wasm.
    pub(crate) version: String,
    /// Process ID.
    pub(crate) process: u32,
    /// Number of deployments.
    pub(crate) deployments: usize,
    /// Number of deployments that cannot serve.
    pub(crate) problems: usize,
}
