//! `airssys-wasm remove`

use clap::Args;

use super::Common;
use crate::api::Problem;
use crate::client::segment;

/// Remove a name, once its last call has ended
///
/// Its grants, its revisions and what was revoked go with it.
#[derive(Args, Debug)]
pub(super) struct Remove {
    /// The name
    name: String,
}

impl Remove {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        common.client().delete::<()>(&format!("/v1/deployments/{}", segment(&self.name))).await?;
        common.output.show(&());
        Ok(())
    }
}
