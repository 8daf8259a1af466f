//! Handlers of the API, one file per noun, and its router.
//!
//! | file | contents |
//! |---|---|
//! | `router` | the API's router and its OpenAPI description |
//! | `about` | information about the host process |
//! | `deployments` | list, status, deploy, removal |
//! | `updates` | update, approval, rollback |
//! | `grants` | requests and grants: shown, explained, extended, revoked |
//! | `functions` | the functions of a deployment, and calls |
//! | `packages`, `components` | published components; the component of a request |
//! | `pipelines`, `stages`, `pipeline_runs` | pipelines, updates of a stage, items |
//! | `apply` | declarative updates to a desired state |
//! | `http_routes` | HTTP routes to deployments |
//! | `events`, `logs`, `history` | events; guest output and audit records; changes to deployments |
//! | `metrics` | metrics for Prometheus |
//! | `paths` | parameters in paths |
//!
//! The attribute of a handler describes its request and its success; `router` adds the response
//! of a request that fails to every description.

mod about;
mod apply;
mod components;
mod deployments;
mod events;
mod functions;
mod grants;
mod history;
mod http_routes;
mod logs;
mod metrics;
mod packages;
mod paths;
mod pipeline_runs;
mod pipelines;
mod router;
mod stages;
mod updates;

pub(crate) use router::openapi_json;
pub(super) use router::router;
