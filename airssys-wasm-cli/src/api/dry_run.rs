//! Dry runs: options and responses of requests that can be checked without being carried out.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Query parameters of requests that change something.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DryRunQuery {
    /// Checks the request and returns what it would do, but changes nothing.
    pub(crate) dry_run: bool,
}

/// The result of a successful dry run.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DryRunResult {
    /// Description of the action: `deploy greeter 1.2.0 (sha256:0a1b...)`.
    pub(crate) would: String,
}

/// The result of a request, or of its dry run.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum MaybeDryRun<T> {
    /// The result of a dry run.
    Would(DryRunResult),
    /// The result of the request.
    Done(T),
}

/// A removed deployment or pipeline, whose name can be used again.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RemovalResult {
    /// Name of the deployment or pipeline.
    pub(crate) removed: String,
}

impl<T> MaybeDryRun<T> {
    /// Returns the result of a dry run.
    pub(crate) fn dry_run(what: impl Into<String>) -> Self {
        Self::Would(DryRunResult { would: what.into() })
    }
}
