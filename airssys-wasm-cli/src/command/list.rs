//! `airssys-wasm list`

use clap::Args;

use super::CommonOptions;
use crate::api::{DeploymentList, Problem};

/// List deployments
#[derive(Args, Debug)]
pub(super) struct ListCommand {}

impl ListCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let overview: DeploymentList = common.client()?.get("/v1/deployments").await?;
        common.output.print(&overview);
        Ok(())
    }
}
