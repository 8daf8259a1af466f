//! `airssys-wasm route list`

use clap::Args;

use crate::api::{ListedRoute, Problem};
use crate::command::Common;
use crate::output::{Page, Shown, Table};

/// List routes with their deployments
#[derive(Args, Debug)]
pub(super) struct List {}

impl List {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let routes: Vec<ListedRoute> = common.client()?.get("/v1/routes").await?;
        common.output.show(&routes);
        Ok(())
    }
}

impl Shown for Vec<ListedRoute> {
    fn text(&self) -> Page {
        if self.is_empty() {
            return "no routes are set; set one with `airssys-wasm route set / NAME`".into();
        }
        let mut table = Table::new(&["ROUTE", "COMPONENT", "STATE"]);
        for view in self {
            let state = view.problem.clone().unwrap_or_else(|| "answers".into());
            table.row([view.route.clone(), view.component.clone(), state]);
        }
        table.page()
    }
}
