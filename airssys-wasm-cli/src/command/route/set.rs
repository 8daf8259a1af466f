//! `airssys-wasm route set`

use clap::Args;

use crate::api::{Problem, RouteChanged, RouteView};
use crate::command::Common;

/// Set the deployment of a route
#[derive(Args, Debug)]
pub(super) struct Set {
    /// Route to set: `/shop`, `shop.example.com/`
    route: String,
    /// Name of the deployment, which need not exist yet
    component: String,
}

impl Set {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let said = RouteView {
            route: self.route,
            component: self.component,
        };
        let changed: RouteChanged = common.client()?.post("/v1/routes", &said).await?;
        common.output.show(&changed);
        Ok(())
    }
}
