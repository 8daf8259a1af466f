//! `airssys-wasm pipeline deploy`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::definition::PipelineFile;
use crate::api::{GrantRules, MaybeDryRun, PipelineSpec, PipelineView, Problem, stage_part_name};
use crate::command::CommonOptions;
use crate::command::dry_run::DryRun;
use crate::command::options::split_pair;

/// Deploy a pipeline, with a deployment `PIPELINE:STAGE` for each stage
#[derive(Args, Debug)]
pub(super) struct PipelineDeployCommand {
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
    pub(super) fn to_grants(&self) -> Result<BTreeMap<String, GrantRules>, Problem> {
        let mut stages: BTreeMap<String, GrantRules> = BTreeMap::new();
        for grant in &self.grant {
            let (stage, rule) = split_pair(grant, "read=file-read /data from=/srv/data")?;
            stages
                .entry(stage.to_owned())
                .or_default()
                .allow
                .push(rule.to_owned());
        }
        Ok(stages)
    }
}

impl PipelineDeployCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let definition = PipelineFile::read(&self.file)?;
        let files = definition
            .files()?
            .into_iter()
            .map(|(place, bytes)| (stage_part_name(place), bytes));
        let files: Vec<_> = files.collect();
        let spec = PipelineSpec {
            definition: definition.definition,
            grants: self.grants.to_grants()?,
        };
        let path = self.dry_run.path("/v1/pipelines");
        let deployed: MaybeDryRun<PipelineView> =
            common.client()?.upload_parts(&path, &spec, files).await?;
        common.output.print(&deployed);
        Ok(())
    }
}
