//! `airssys-wasm list`

use clap::Args;

use super::Common;
use crate::api::{Overview, Problem};

/// List deployments
#[derive(Args, Debug)]
pub(super) struct List {}

impl List {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let overview: Overview = common.client()?.get("/v1/deployments").await?;
        common.output.show(&overview);
        Ok(())
    }
}
