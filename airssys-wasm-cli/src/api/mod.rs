//! The API between the command and the host process: JSON over HTTP/1.1.
//!
//! `--output json` prints the same objects.

mod call;
mod change;
mod deployment;
mod desired;
mod grants;
mod happening;
pub(crate) mod kinds;
mod package;
mod pipeline;
mod problem;
mod rehearsal;
mod route;
mod spec;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use call::{Call, Called, FunctionView};
pub(crate) use change::ChangeView;
pub(crate) use deployment::{
    DeploymentView, LostView, Overview, PromotedView, RevisionView, read_request_lines,
    request_lines,
};
pub(crate) use desired::{Applied, Desired, DesiredPipeline};
pub(crate) use grants::{Asked, Explained, GrantsView, Revoke, Revoked};
pub(crate) use happening::{Happening, Line};
pub(crate) use package::{PackageView, PublishSpec, Published};
pub(crate) use pipeline::{
    Came, GraphView, LetterView, PipelineSpec, PipelineView, build, inputs, part_of_stage,
};
pub(crate) use problem::Problem;
pub(crate) use rehearsal::{DoneOr, How, Removed};
pub(crate) use route::{ListedRoute, RouteChanged, RouteView, WhichRoute};
pub(crate) use spec::{
    Approve, DeploySpec, Given, GrantSpec, RollbackSpec, StageUpdateSpec, UpdateSpec, enforcement,
    parse_instancing, parse_strategy, with_version,
};

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
