//! The ports in a definition, and the stages that they name.
//!
//! Tests: `airssys-wasm-core/tests/pipeline`.

use std::collections::BTreeSet;

use super::super::definition::PartitionDefinition;
use super::super::field::name_hint;
use super::super::port::PortText;
use super::super::{PipelineBuilder, PipelineProblem, ProblemKind};
use super::Problems;
use crate::bounds::HINTS_MAX;
use crate::suggest::nearest;

/// All references to ports.
pub(super) struct PortReferences {
    pub(super) links: Vec<EdgeReference>,
    pub(super) inputs: Vec<PortReference>,
    pub(super) outputs: Vec<PortReference>,
    /// Stages that misspelt names probably refer to.
    pub(super) misspelt_stages: BTreeSet<usize>,
}

/// An edge as it was written. An end is `None` if it does not name a stage.
pub(super) struct EdgeReference {
    pub(super) place: String,
    pub(super) from: Option<PortReference>,
    pub(super) to: Option<PortReference>,
    pub(super) rule: EdgeRule,
}

/// The rule that selects the items that take an edge.
pub(super) enum EdgeRule {
    Always,
    When(String),
    Share {
        group: usize,
        by: String,
        index: usize,
        targets: usize,
    },
}

/// A reference to a port of an existing stage.
pub(super) struct PortReference {
    pub(super) place: String,
    pub(super) text: String,
    pub(super) stage: usize,
    pub(super) function: Option<String>,
    pub(super) port: String,
}

impl PortReferences {
    pub(super) fn read(draft: &PipelineBuilder, problems: &mut Problems) -> Self {
        let names: Vec<&str> = draft
            .stages
            .iter()
            .map(|draft| draft.name.as_str())
            .collect();
        let mut guessed = BTreeSet::new();
        let mut read =
            |place: &str, text: &str| match parse_reference(&names, place, text, problems.len()) {
                Ok(mention) => Some(mention),
                Err(problem) => {
                    if problems.len() < HINTS_MAX {
                        guessed.extend(nearest_stage(&names, text));
                    }
                    problems.push(problem);
                    None
                }
            };
        let mut link = |from: &str, to: &str, rule: EdgeRule| {
            let place = format!("edge `{from}` -> `{to}`");
            EdgeReference {
                from: read(&place, from),
                to: read(&place, to),
                place,
                rule,
            }
        };
        let said = &draft.definition;
        let mut links = Vec::new();
        for connection in &said.connect {
            let rule = connection
                .when
                .clone()
                .map_or(EdgeRule::Always, EdgeRule::When);
            links.push(link(&connection.from, &connection.to, rule));
        }
        for (group, partition) in said.partition.iter().enumerate() {
            let targets = partition.to.len();
            for (place, to) in partition.to.iter().enumerate() {
                let rule = EdgeRule::Share {
                    group,
                    by: partition.by.clone(),
                    index: place,
                    targets,
                };
                links.push(link(&partition.from, to, rule));
            }
        }
        let inputs = said
            .input
            .iter()
            .filter_map(|text| read(&format!("input `{text}`"), text))
            .collect();
        let outputs = said
            .output
            .iter()
            .filter_map(|text| read(&format!("output `{text}`"), text))
            .collect();
        check_partitions(&said.partition, problems);
        Self {
            links,
            inputs,
            outputs,
            misspelt_stages: guessed,
        }
    }

    /// Returns every reference to a port of a stage.
    pub(super) fn for_stage(&self, stage: usize) -> impl Iterator<Item = &PortReference> {
        let of_links = self
            .links
            .iter()
            .flat_map(|link| link.from.iter().chain(&link.to));
        of_links
            .chain(&self.inputs)
            .chain(&self.outputs)
            .filter(move |mention| mention.stage == stage)
    }
}

fn parse_reference(
    names: &[&str],
    place: &str,
    text: &str,
    problems_before: usize,
) -> Result<PortReference, PipelineProblem> {
    let port = PortText::parse(text)
        .map_err(|what| PipelineProblem::new(ProblemKind::Port, place, what))?;
    let Some(stage) = names.iter().position(|name| *name == port.stage) else {
        let what = format!("there is no stage `{}`", port.stage);
        let problem = PipelineProblem::new(ProblemKind::UnknownStage, place, what);
        return Err(match problems_before < HINTS_MAX {
            true => problem.with_hint(name_hint(port.stage, names.to_vec())),
            false => problem,
        });
    };
    Ok(PortReference {
        place: place.to_owned(),
        text: text.to_owned(),
        stage,
        function: port.function.map(str::to_owned),
        port: port.port.to_owned(),
    })
}

/// Reports partitions that share the items of a port among no targets.
fn check_partitions(partitions: &[PartitionDefinition], problems: &mut Problems) {
    for partition in partitions.iter().filter(|one| one.to.is_empty()) {
        let place = format!("partition of `{}`", partition.from);
        let problem =
            PipelineProblem::new(ProblemKind::InputsAndOutputs, place, "it has no targets");
        problems.push(problem.with_hint("name the ports that share the items"));
    }
}

fn nearest_stage(names: &[&str], text: &str) -> Option<usize> {
    let wanted = text.split('.').next().unwrap_or(text);
    let near = nearest(wanted, names.iter().copied())?;
    names.iter().position(|name| *name == near)
}
