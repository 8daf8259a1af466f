//! `airssys-wasm route remove`

use clap::Args;

use crate::api::{Problem, RouteChange};
use crate::client::encode_segment;
use crate::command::CommonOptions;

/// Remove a route
#[derive(Args, Debug)]
pub(super) struct RouteRemoveCommand {
    /// Route to remove, as it was set
    route: String,
}

impl RouteRemoveCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let path = format!("/v1/routes?route={}", encode_segment(&self.route));
        let changed: RouteChange = common.client()?.delete(&path).await?;
        common.output.print(&changed);
        Ok(())
    }
}
