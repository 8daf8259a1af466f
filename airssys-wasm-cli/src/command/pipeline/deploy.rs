//! `airssys-wasm pipeline deploy`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::definition::Definition;
use crate::api::{DoneOr, Given, PipelineSpec, PipelineView, Problem, part_of_stage};
use crate::command::Common;
use crate::command::dry_run::DryRun;
use crate::command::given::pair;

/// Deploy a pipeline, with a deployment `PIPELINE:STAGE` for each stage
#[derive(Args, Debug)]
pub(super) struct Deploy {
    /// Pipeline file
    file: PathBuf,
    #[command(flatten)]
    grants: StageGrants,
    #[command(flatten)]
    dry_run: DryRun,
}

/// The option for the grants of stages.
#[derive(Args, Debug)]
pub(super) struct StageGrants {
    /// Grant a rule to a stage: 'read=file-read /data from=/srv/data'; can be repeated
    #[arg(long = "grant", value_name = "STAGE=RULE")]
    grant: Vec<String>,
}

impl StageGrants {
    pub(super) fn given(&self) -> Result<BTreeMap<String, Given>, Problem> {
        let mut stages: BTreeMap<String, Given> = BTreeMap::new();
        for grant in &self.grant {
            let (stage, rule) = pair(grant, "read=file-read /data from=/srv/data")?;
            stages
                .entry(stage.to_owned())
                .or_default()
                .allow
                .push(rule.to_owned());
        }
        Ok(stages)
    }
}

impl Deploy {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let definition = Definition::read(&self.file)?;
        let files = definition
            .files()?
            .into_iter()
            .map(|(place, bytes)| (part_of_stage(place), bytes));
        let files: Vec<_> = files.collect();
        let spec = PipelineSpec {
            definition: definition.said,
            grants: self.grants.given()?,
        };
        let path = self.dry_run.path("/v1/pipelines");
        let deployed: DoneOr<PipelineView> =
            common.client()?.upload_parts(&path, &spec, files).await?;
        common.output.show(&deployed);
        Ok(())
    }
}
