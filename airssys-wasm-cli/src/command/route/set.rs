//! `airssys-wasm route set`

use clap::Args;

use crate::api::{Problem, RouteChange, RouteView};
use crate::command::CommonOptions;

/// Set the deployment of a route
#[derive(Args, Debug)]
pub(super) struct RouteSetCommand {
    /// Route to set: `/shop`, `shop.example.com/`
    route: String,
    /// Name of the deployment, which need not exist yet
    component: String,
}

impl RouteSetCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let route = RouteView {
            route: self.route,
            component: self.component,
        };
        let changed: RouteChange = common.client()?.post("/v1/routes", &route).await?;
        common.output.print(&changed);
        Ok(())
    }
}
