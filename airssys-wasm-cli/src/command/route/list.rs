//! `airssys-wasm route list`

use clap::Args;

use crate::api::{Problem, RouteStatus};
use crate::command::CommonOptions;
use crate::output::{Page, Table, TextOutput};

/// List routes with their deployments
#[derive(Args, Debug)]
pub(super) struct RouteListCommand {}

impl RouteListCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let routes: Vec<RouteStatus> = common.client()?.get("/v1/routes").await?;
        common.output.print(&routes);
        Ok(())
    }
}

impl TextOutput for Vec<RouteStatus> {
    fn text(&self) -> Page {
        if self.is_empty() {
            return "no routes are set; set one with `airssys-wasm route set / NAME`".into();
        }
        let mut table = Table::new(&["ROUTE", "COMPONENT", "STATE"]);
        for view in self {
            let state = view.problem.clone().unwrap_or_else(|| "answers".into());
            table.add_row([view.route.clone(), view.component.clone(), state]);
        }
        table.to_page()
    }
}
