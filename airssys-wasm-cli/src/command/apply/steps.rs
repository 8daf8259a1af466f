//! The requests to the host process, one for each deployment or pipeline.

use std::collections::BTreeMap;

use airssys_wasm_core::pipeline::PipelineDefinition;
use airssys_wasm_host::ErrorKind;

use super::report::{Failed, Report};
use super::resolve::Found;
use crate::api::{Applied, DesiredPipeline, Given, Problem, part_of_stage};
use crate::client::{Client, segment};
use crate::command::dry_run::DryRun;
use crate::declared::DeclaredDeployment;

/// A deployment or a pipeline with its desired state.
pub(super) struct Step {
    name: String,
    what: What,
}

enum What {
    Deployment {
        declared: Box<DeclaredDeployment>,
        found: Found,
    },
    Pipeline {
        definition: PipelineDefinition,
        grants: BTreeMap<String, Given>,
        components: Vec<Vec<u8>>,
    },
}

/// The options for applying steps.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) dry_run: DryRun,
    pub(super) recreate: bool,
    pub(super) grant_again: bool,
}

impl Step {
    pub(super) fn deployment(name: &str, declared: DeclaredDeployment, found: Found) -> Self {
        Self {
            name: name.to_owned(),
            what: What::Deployment {
                declared: Box::new(declared),
                found,
            },
        }
    }

    pub(super) fn pipeline(
        name: &str,
        definition: PipelineDefinition,
        grants: BTreeMap<String, Given>,
        components: Vec<Vec<u8>>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            what: What::Pipeline {
                definition,
                grants,
                components,
            },
        }
    }

    async fn apply(&self, client: &Client, how: How) -> Result<Applied, Problem> {
        let path = |room: &str| {
            how.dry_run
                .path(&format!("/v1/{room}/{}", segment(&self.name)))
        };
        match &self.what {
            What::Deployment {
                declared,
                found:
                    Found {
                        bytes,
                        package,
                        version,
                    },
            } => {
                let sent = package
                    .is_none()
                    .then(|| ("component".to_owned(), bytes.clone()));
                let version = version.clone().filter(|_| package.is_none());
                let desired = declared.desired(package.clone(), version, how.grant_again);
                client.put(&path("deployments"), &desired, sent).await
            }
            What::Pipeline {
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
                let sent = sent.map(|(place, bytes)| (part_of_stage(place), bytes.clone()));
                client.put(&path("pipelines"), &desired, sent).await
            }
        }
    }
}

/// Applies all steps. A failed step does not stop the others. Failed steps are retried as long as
/// imports are missing and the last pass made progress.
pub(super) async fn apply_all(client: &Client, steps: &[Step], how: How) -> Report {
    let mut report = Report {
        dry_run: how.dry_run.dry_run,
        ..Report::default()
    };
    let mut left: Vec<&Step> = steps.iter().collect();
    loop {
        let (before, mut failed) = (left.len(), Vec::new());
        for step in std::mem::take(&mut left) {
            match step.apply(client, how).await {
                Ok(applied) => report.applied.push(applied),
                Err(problem) if how.dry_run.dry_run && waits_for_others(&problem, &report) => {
                    let why =
                        "not checked: it imports a component that is deployed together with it"
                            .to_owned();
                    report
                        .applied
                        .push(Applied::new(&step.name, "deploy", vec![why]));
                }
                Err(problem) => {
                    left.push(step);
                    failed.push(Failed {
                        name: step.name.clone(),
                        problem,
                    });
                }
            }
        }
        let may_help = failed
            .iter()
            .any(|failed| failed.problem.is(ErrorKind::MissingImport));
        if left.is_empty() || left.len() == before || !may_help {
            report.failed = failed;
            return report;
        }
    }
}

/// Returns `true` if a missing import may come from a deployment that this dry run only checks.
fn waits_for_others(problem: &Problem, report: &Report) -> bool {
    problem.is(ErrorKind::MissingImport)
        && report
            .applied
            .iter()
            .any(|applied| applied.action == "deploy")
}
