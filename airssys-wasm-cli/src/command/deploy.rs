//! `airssys-wasm deploy`

use std::path::PathBuf;

use clap::Args;

use super::given::{GrantArguments, RunsUnder};
use super::{Common, file};
use crate::api::{DeploySpec, Problem, PromotedView};

/// Deploy a component under a name
///
/// The name is the component's own unless said. It reaches nothing but what is granted here.
#[derive(Args, Debug)]
pub(super) struct Deploy {
    /// The component's file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The name to deploy under
    #[arg(long)]
    name: Option<String>,
    /// The version, for a component that says none
    #[arg(long, value_name = "VERSION")]
    component_version: Option<String>,
    #[command(flatten)]
    grants: GrantArguments,
    #[command(flatten)]
    under: RunsUnder,
    /// Find out what it needs: allow what is granted although it was not requested, and record
    #[arg(long)]
    audit_only: bool,
}

impl Deploy {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let spec = DeploySpec {
            name: self.name,
            version: self.component_version,
            grants: self.grants.given()?,
            limits: self.under.limits()?,
            links: self.under.links()?,
            instancing: self.under.instancing,
            audit_only: self.audit_only,
        };
        let component = file::read(&self.file)?;
        let deployed: PromotedView = common.client().upload("/v1/deployments", &spec, component).await?;
        common.output.show(&deployed);
        Ok(())
    }
}
