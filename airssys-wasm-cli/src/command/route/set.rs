//! `airssys-wasm route set`

use clap::Args;

use crate::api::{Problem, RouteChanged, RouteView};
use crate::command::Common;

/// Have a deployment answer the requests of a route
#[derive(Args, Debug)]
pub(super) struct Set {
    /// The route: `/shop`, `shop.example.com/`
    route: String,
    /// The name of the deployment, which may come later
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
