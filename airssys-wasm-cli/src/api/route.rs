//! What answers HTTP requests, as it is told.

use airssys_wasm_host::ComponentName;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A route with the name that is to answer.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RouteView {
    /// `/shop`, `shop.example.com/cart`.
    pub(crate) route: String,
    pub(crate) component: String,
}

/// A route with the name that answers, if it does.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListedRoute {
    pub(crate) route: String,
    pub(crate) component: String,
    /// Why requests are not answered now, if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// Which route is removed.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct WhichRoute {
    pub(crate) route: String,
}

/// A route that was said, or is no more.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RouteChanged {
    pub(crate) route: String,
    /// Who answers now; nobody if the route was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<String>,
    /// Why requests are not answered now, if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// Who answered before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
}

impl RouteChanged {
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

    /// The same, with why requests are not answered now.
    pub(crate) fn with_problem(self, problem: Option<String>) -> Self {
        Self { problem, ..self }
    }
}
