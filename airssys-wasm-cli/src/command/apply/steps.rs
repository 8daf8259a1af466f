//! The requests to the host process, one for each deployment or pipeline.

use std::collections::BTreeMap;

use airssys_wasm_core::pipeline::PipelineDefinition;

use super::report::{ApplyReport, FailedStep};
use super::resolve::FoundComponent;
use crate::api::{
    ApplyResult, DesiredDeployment, DesiredPipeline, GrantRules, Problem, kinds, stage_part_name,
};
use crate::client::{Client, encode_segment};
use crate::command::dry_run::DryRun;
use crate::declared::DeclaredDeployment;

/// A deployment or a pipeline with its desired state.
pub(super) struct ApplyStep {
    name: String,
    target: StepTarget,
}

enum StepTarget {
    Deployment {
        declared: Box<DeclaredDeployment>,
        found: FoundComponent,
    },
    Pipeline {
        definition: PipelineDefinition,
        grants: BTreeMap<String, GrantRules>,
        components: Vec<Vec<u8>>,
    },
}

/// The options for applying steps.
#[derive(Clone, Copy)]
pub(super) struct ApplyOptions {
    pub(super) dry_run: DryRun,
    pub(super) recreate: bool,
    pub(super) grant_again: bool,
}

impl ApplyStep {
    pub(super) fn deployment(
        name: &str,
        declared: DeclaredDeployment,
        found: FoundComponent,
    ) -> Self {
        Self {
            name: name.to_owned(),
            target: StepTarget::Deployment {
                declared: Box::new(declared),
                found,
            },
        }
    }

    pub(super) fn pipeline(
        name: &str,
        definition: PipelineDefinition,
        grants: BTreeMap<String, GrantRules>,
        components: Vec<Vec<u8>>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            target: StepTarget::Pipeline {
                definition,
                grants,
                components,
            },
        }
    }

    async fn apply(&self, client: &Client, how: ApplyOptions) -> Result<ApplyResult, Problem> {
        let path = |room: &str| {
            how.dry_run
                .path(&format!("/v1/{room}/{}", encode_segment(&self.name)))
        };
        match &self.target {
            StepTarget::Deployment {
                declared,
                found:
                    FoundComponent {
                        bytes,
                        package,
                        version,
                    },
            } => {
                let sent = package
                    .is_none()
                    .then(|| ("component".to_owned(), bytes.clone()));
                let version = version.clone().filter(|_| package.is_none());
                let desired = DesiredDeployment {
                    grant_again: how.grant_again,
                    ..declared.to_desired(package.clone(), version)?
                };
                client.put(&path("deployments"), &desired, sent).await
            }
            StepTarget::Pipeline {
                definition,
                grants,
                components,
            } => {
                let desired = DesiredPipeline {
                    definition: definition.clone(),
                    grants: grants.clone(),
                    recreate: how.recreate,
                    grant_again: how.grant_again,
                };
                let sent = components.iter().enumerate();
                let sent = sent.map(|(place, bytes)| (stage_part_name(place), bytes.clone()));
                client.put(&path("pipelines"), &desired, sent).await
            }
        }
    }
}

/// Applies all steps. A failed step does not stop the others. Failed steps are retried as long as
/// imports are missing and the last pass made progress.
pub(super) async fn apply_all(
    client: &Client,
    steps: &[ApplyStep],
    how: ApplyOptions,
) -> ApplyReport {
    let mut report = ApplyReport {
        dry_run: how.dry_run.dry_run,
        ..ApplyReport::default()
    };
    let mut left: Vec<&ApplyStep> = steps.iter().collect();
    loop {
        let (before, mut failed) = (left.len(), Vec::new());
        for step in std::mem::take(&mut left) {
            match step.apply(client, how).await {
                Ok(applied) => report.applied.push(applied),
                Err(problem)
                    if how.dry_run.dry_run && awaits_other_deployment(&problem, &report) =>
                {
                    let why =
                        "not checked: it imports a component that is deployed together with it"
                            .to_owned();
                    report
                        .applied
                        .push(ApplyResult::new(&step.name, "deploy", vec![why]));
                }
                Err(problem) => {
                    left.push(step);
                    failed.push(FailedStep {
                        name: step.name.clone(),
                        problem,
                    });
                }
            }
        }
        let may_help = failed
            .iter()
            .any(|failed| failed.problem.kind == kinds::MISSING_IMPORT);
        if left.is_empty() || left.len() == before || !may_help {
            report.failed = failed;
            return report;
        }
    }
}

/// Returns `true` if a missing import may come from a deployment that this dry run only checks.
fn awaits_other_deployment(problem: &Problem, report: &ApplyReport) -> bool {
    problem.kind == kinds::MISSING_IMPORT
        && report
            .applied
            .iter()
            .any(|applied| applied.action == "deploy")
}
