//! What would be done, for who only wants to know.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How something that changes what is there is asked for, in the query.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct How {
    /// Nothing is done; what would be is told.
    pub(crate) dry_run: bool,
}

/// What would be done: nothing was in the way of it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Would {
    /// `deploy greeter 1.2.0 (sha256:0a1b...)`
    pub(crate) would: String,
}

/// What was done, or would be.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum DoneOr<T> {
    Would(Would),
    Done(T),
}

/// A name that is free again.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Removed {
    pub(crate) removed: String,
}

impl<T> DoneOr<T> {
    /// What would be done.
    pub(crate) fn would(what: impl Into<String>) -> Self {
        Self::Would(Would { would: what.into() })
    }
}
