//! What is asked of the host process, a name each.

use std::collections::BTreeMap;

use airssys_wasm_core::pipeline::PipelineDefinition;
use airssys_wasm_host::ErrorKind;

use super::report::{Failed, Report};
use super::resolve::Found;
use crate::api::{Applied, DesiredPipeline, Given, Problem, part_of_stage};
use crate::client::{Client, segment};
use crate::command::dry_run::DryRun;
use crate::declared::DeclaredDeployment;

/// One name with what it should be.
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

/// What may be done.
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

/// Has every name be what it should be. One that fails is tried again once others are there;
/// the others go on.
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
                    let why = "not rehearsed: it imports what will be deployed with it".to_owned();
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

/// What others would provide that are only rehearsed.
fn waits_for_others(problem: &Problem, report: &Report) -> bool {
    problem.is(ErrorKind::MissingImport)
        && report
            .applied
            .iter()
            .any(|applied| applied.action == "deploy")
}
