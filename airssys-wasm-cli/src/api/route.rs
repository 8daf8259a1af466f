//! HTTP routes as the API takes and returns them.

use airssys_wasm_host::ComponentName;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An HTTP route and the deployment it points to.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RouteView {
    /// Path prefix, optionally after a host name: `/shop`, `shop.example.com/cart`.
    pub(crate) route: String,
    /// Name of the deployment. It need not exist yet.
    pub(crate) component: String,
}

/// An HTTP route, the deployment it points to, and whether that answers requests.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RouteStatus {
    /// Path prefix, optionally after a host name.
    pub(crate) route: String,
    /// Name of the deployment.
    pub(crate) component: String,
    /// The reason the deployment cannot answer requests; absent if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// Query parameters of a route's removal.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RouteQuery {
    /// The route to remove, such as `/shop`.
    pub(crate) route: String,
}

/// A route that was set or removed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RouteChange {
    /// Path prefix, optionally after a host name.
    pub(crate) route: String,
    /// Name of the deployment the route points to; absent if the route was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<String>,
    /// The reason the deployment cannot answer requests; absent if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// Name of the deployment the route pointed to before, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
}

impl RouteChange {
    pub(crate) fn new(
        route: String,
        component: Option<String>,
        before: Option<ComponentName>,
    ) -> Self {
        Self {
            route,
            component,
            problem: None,
            before: before.map(|before| before.to_string()),
        }
    }

    /// Sets the reason the deployment cannot answer requests.
    pub(crate) fn with_problem(self, problem: Option<String>) -> Self {
        Self { problem, ..self }
    }
}
