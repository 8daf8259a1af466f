//! `airssys-wasm search`

use clap::Args;

use super::CommonOptions;
use crate::api::{PackageView, Problem};

/// List published components with their versions
#[derive(Args, Debug)]
pub(super) struct SearchCommand {
    /// Text that the names must contain
    text: Option<String>,
}

impl SearchCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let mut packages: Vec<PackageView> = common.client()?.get("/v1/packages").await?;
        packages.retain(|package| {
            self.text
                .as_deref()
                .is_none_or(|text| package.name.contains(text))
        });
        common.output.print(&packages);
        Ok(())
    }
}
