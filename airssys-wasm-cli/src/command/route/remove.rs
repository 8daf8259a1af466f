//! `airssys-wasm route remove`

use clap::Args;

use crate::api::{Problem, RouteChanged};
use crate::client::segment;
use crate::command::Common;

/// Remove a route
#[derive(Args, Debug)]
pub(super) struct Remove {
    /// Route to remove, as it was set
    route: String,
}

impl Remove {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let path = format!("/v1/routes?route={}", segment(&self.route));
        let changed: RouteChanged = common.client()?.delete(&path).await?;
        common.output.show(&changed);
        Ok(())
    }
}
