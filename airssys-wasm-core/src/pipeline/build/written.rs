//! The ports in a definition, and the stages that they name.
//!
//! Tests: `airssys-wasm-core/tests/pipeline`.

use std::collections::BTreeSet;

use super::super::field::hint;
use super::super::port::PortText;
use super::super::{PipelineBuilder, PipelineProblem, ProblemKind};
use super::Problems;
use crate::bounds::HINTS_MAX;
use crate::suggest::nearest;

/// All references to ports.
pub(super) struct Written {
    pub(super) links: Vec<Link>,
    pub(super) inputs: Vec<Mention>,
    pub(super) outputs: Vec<Mention>,
    /// Stages that misspelt names probably refer to.
    pub(super) guessed: BTreeSet<usize>,
}

/// An edge as it was written. An end is `None` if it does not name a stage.
pub(super) struct Link {
    pub(super) place: String,
    pub(super) from: Option<Mention>,
    pub(super) to: Option<Mention>,
    pub(super) rule: Rule,
}

/// The rule that selects the items that take an edge.
pub(super) enum Rule {
    Always,
    When(String),
    Share {
        group: usize,
        by: String,
        place: usize,
        targets: usize,
    },
}

/// A reference to a port of an existing stage.
pub(super) struct Mention {
    pub(super) place: String,
    pub(super) text: String,
    pub(super) stage: usize,
    pub(super) function: Option<String>,
    pub(super) port: String,
}

impl Written {
    pub(super) fn read(draft: &PipelineBuilder, problems: &mut Problems) -> Self {
        let names: Vec<&str> = draft
            .drafts
            .iter()
            .map(|draft| draft.name.as_str())
            .collect();
        let mut guessed = BTreeSet::new();
        let mut read = |place: &str, text: &str| match mention(&names, place, text, problems.len())
        {
            Ok(mention) => Some(mention),
            Err(problem) => {
                if problems.len() < HINTS_MAX {
                    guessed.extend(guess(&names, text));
                }
                problems.push(problem);
                None
            }
        };
        let mut link = |from: &str, to: &str, rule: Rule| {
            let place = format!("edge `{from}` -> `{to}`");
            Link {
                from: read(&place, from),
                to: read(&place, to),
                place,
                rule,
            }
        };
        let said = &draft.said;
        let mut links = Vec::new();
        for connection in &said.connect {
            let rule = connection.when.clone().map_or(Rule::Always, Rule::When);
            links.push(link(&connection.from, &connection.to, rule));
        }
        for (group, partition) in said.partition.iter().enumerate() {
            let targets = partition.to.len();
            for (place, to) in partition.to.iter().enumerate() {
                let rule = Rule::Share {
                    group,
                    by: partition.by.clone(),
                    place,
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
        for partition in said
            .partition
            .iter()
            .filter(|partition| partition.to.is_empty())
        {
            let place = format!("partition of `{}`", partition.from);
            let problem = PipelineProblem::new(ProblemKind::Ends, place, "it has no targets");
            problems.push(problem.hint("name the ports that share the items"));
        }
        Self {
            links,
            inputs,
            outputs,
            guessed,
        }
    }

    /// Returns every reference to a port of a stage.
    pub(super) fn of_stage(&self, stage: usize) -> impl Iterator<Item = &Mention> {
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

fn mention(
    names: &[&str],
    place: &str,
    text: &str,
    problems_before: usize,
) -> Result<Mention, PipelineProblem> {
    let port = PortText::parse(text)
        .map_err(|what| PipelineProblem::new(ProblemKind::Port, place, what))?;
    let Some(stage) = names.iter().position(|name| *name == port.stage) else {
        let what = format!("there is no stage `{}`", port.stage);
        let problem = PipelineProblem::new(ProblemKind::UnknownStage, place, what);
        return Err(match problems_before < HINTS_MAX {
            true => problem.hint(hint(port.stage, names.to_vec())),
            false => problem,
        });
    };
    Ok(Mention {
        place: place.to_owned(),
        text: text.to_owned(),
        stage,
        function: port.function.map(str::to_owned),
        port: port.port.to_owned(),
    })
}

fn guess(names: &[&str], text: &str) -> Option<usize> {
    let wanted = text.split('.').next().unwrap_or(text);
    let near = nearest(wanted, names.iter().copied())?;
    names.iter().position(|name| *name == near)
}
