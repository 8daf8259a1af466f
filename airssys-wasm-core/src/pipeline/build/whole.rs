//! Checks of the pipeline as a whole: names, inputs and outputs, cycles, unconnected stages.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`,
//! `airssys-wasm-core/tests/pipeline/shape.rs`.

use std::collections::{BTreeSet, HashSet};

use super::super::definition::PipelineDefinition;
use super::super::edge::{Edge, FromPort, PipelineInput, PipelineOutput};
use super::super::{PipelineBuilder, PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::edges::of_mention;
use super::ports::{giving, taking};
use super::written::{Mention, Written};
use crate::ComponentName;
use crate::bounds::{EDGES_MAX, STAGES_MAX};

/// Parses the name of the pipeline.
pub(super) fn name(said: &PipelineDefinition, problems: &mut Problems) -> Option<ComponentName> {
    let failed = |error: crate::ComponentNameError| {
        PipelineProblem::new(ProblemKind::Name, "pipeline", error.to_string())
    };
    said.name
        .parse()
        .map_err(|error| problems.push(failed(error)))
        .ok()
}

/// Reports more stages or edges than a pipeline can have; nothing else is checked then.
pub(super) fn size(draft: &PipelineBuilder) -> Option<PipelineProblem> {
    let said = &draft.said;
    let shared: usize = said
        .partition
        .iter()
        .map(|partition| partition.to.len().max(1))
        .sum();
    let edges = said.connect.len() + shared + said.input.len() + said.output.len();
    let (found, most, what) = match draft.drafts.len() {
        stages if stages > STAGES_MAX => (stages, STAGES_MAX, "stages"),
        _ if edges > EDGES_MAX => (edges, EDGES_MAX, "edges, inputs and outputs"),
        _ => return None,
    };
    let what = format!("it has {found} {what}, but at most {most} are allowed");
    let problem = PipelineProblem::new(ProblemKind::Options, "pipeline", what);
    Some(problem.hint("split it into several pipelines"))
}

/// Reports invalid and duplicate names of stages, and a pipeline without stages.
pub(super) fn stage_names(draft: &PipelineBuilder, problems: &mut Problems) {
    if draft.drafts.is_empty() {
        let problem = PipelineProblem::new(ProblemKind::Empty, "pipeline", "it has no stages");
        problems.push(problem.hint("add components"));
    }
    let mut known = HashSet::new();
    for stage in &draft.drafts {
        let place = format!("stage `{}`", stage.name);
        if !is_name(&stage.name) {
            let problem = PipelineProblem::new(
                ProblemKind::Name,
                &place,
                "this is not a valid name for a stage",
            );
            problems.push(
                problem
                    .hint("use letters, digits, `-` and `_`, starting with a letter; at most 64"),
            );
        }
        if !known.insert(&stage.name) {
            let problem = PipelineProblem::new(
                ProblemKind::StageTwice,
                &place,
                "another stage has the same name",
            );
            problems.push(problem.hint("rename one of them; both can run the same component"));
        }
    }
}

/// Reports bounds that admit no items.
pub(super) fn bounds(said: &PipelineDefinition, problems: &mut Problems) {
    let zeros = [
        (
            said.in_flight_max == Some(0),
            "a maximum of 0 items at once admits none",
        ),
        (
            said.deadline.is_some_and(|time| time.is_zero()),
            "a deadline of 0 always expires",
        ),
    ];
    for (_, what) in zeros.into_iter().filter(|(is_zero, _)| *is_zero) {
        problems.push(
            PipelineProblem::new(ProblemKind::Options, "pipeline", what).hint("write 1 or more"),
        );
    }
}

/// Returns the inputs and the outputs of the pipeline.
pub(super) fn ends(
    draft: &PipelineBuilder,
    written: &Written,
    stages: &[Option<Stage>],
    edges: &[Edge],
    problems: &mut Problems,
) -> (Vec<PipelineInput>, Vec<PipelineOutput>) {
    (
        inputs(written, stages, edges, problems),
        outputs(draft, written, stages, edges, problems),
    )
}

fn inputs(
    written: &Written,
    stages: &[Option<Stage>],
    edges: &[Edge],
    problems: &mut Problems,
) -> Vec<PipelineInput> {
    let said = resolved(&written.inputs, stages, problems, taking);
    let mut open = Vec::new();
    for (index, stage) in stages
        .iter()
        .enumerate()
        .filter_map(|(index, stage)| Some((index, stage.as_ref()?)))
    {
        let connected: BTreeSet<usize> = edges
            .iter()
            .filter(|edge| edge.to == index)
            .map(|edge| edge.param)
            .collect();
        if has_broken_link(index, written, edges) || written.guessed.contains(&index) {
            continue;
        }
        for (place, param) in stage.inputs().iter().enumerate() {
            let is_said = said.contains(&(index, place));
            let port = format!("{}.{}", stage.name(), param.name);
            match (connected.contains(&place), is_said) {
                (true, true) => problems.push(both(&port)),
                (true, false) => {}
                (false, false) if !connected.is_empty() => {
                    problems.push(unconnected(&port, stage, place))
                }
                (false, false) if !written.inputs.is_empty() => {
                    problems.push(unsaid("input", &port))
                }
                _ => open.push(PipelineInput {
                    stage: index,
                    param: place,
                    ty: param.ty.clone(),
                }),
            }
        }
    }
    open
}

fn outputs(
    draft: &PipelineBuilder,
    written: &Written,
    stages: &[Option<Stage>],
    edges: &[Edge],
    problems: &mut Problems,
) -> Vec<PipelineOutput> {
    let giving_output = |stage: &Stage, mention: &Mention| match giving(stage, mention)? {
        (FromPort::Output, _) => Ok(0),
        (FromPort::Error, _) => Err(PipelineProblem::new(
            ProblemKind::Ends,
            &mention.place,
            "an `error` port cannot be an output of the pipeline",
        )
        .hint(format!(
            "connect it to a stage, or set {}",
            draft.drafts[mention.stage].form.option("on_error")
        ))),
    };
    let said = resolved(&written.outputs, stages, problems, giving_output);
    let mut open = Vec::new();
    for (index, stage) in stages
        .iter()
        .enumerate()
        .filter_map(|(index, stage)| Some((index, stage.as_ref()?)))
    {
        let Some(ty) = stage.output() else { continue };
        let taken = written.links.iter().filter_map(|link| link.from.as_ref());
        let taken = taken
            .into_iter()
            .any(|mention| mention.stage == index && mention.port != "error")
            || edges
                .iter()
                .any(|edge| edge.from == index && edge.from_port == FromPort::Output);
        match (taken, said.contains(&(index, 0))) {
            (true, false) => {}
            (false, false) if !written.outputs.is_empty() => {
                problems.push(unsaid("output", &format!("{}.output", stage.name())));
            }
            _ => open.push(PipelineOutput {
                stage: index,
                ty: ty.clone(),
            }),
        }
    }
    open
}

/// Resolves references to pairs of stage and port indices.
fn resolved(
    mentions: &[Mention],
    stages: &[Option<Stage>],
    problems: &mut Problems,
    port: impl Fn(&Stage, &Mention) -> Result<usize, PipelineProblem>,
) -> BTreeSet<(usize, usize)> {
    let mut found = BTreeSet::new();
    for mention in mentions {
        match of_mention(stages, mention).map(|stage| port(stage, mention)) {
            Some(Ok(place)) => drop(found.insert((mention.stage, place))),
            Some(Err(problem)) => problems.push(problem),
            None => {}
        }
    }
    found
}

/// Returns `true` if an edge to the stage could not be built: the port that it was meant to connect
/// is unknown.
fn has_broken_link(stage: usize, written: &Written, edges: &[Edge]) -> bool {
    let links = written
        .links
        .iter()
        .filter(|link| link.to.as_ref().is_some_and(|to| to.stage == stage));
    links.count() != edges.iter().filter(|edge| edge.to == stage).count()
}

fn both(port: &str) -> PipelineProblem {
    PipelineProblem::new(
        ProblemKind::Ends,
        format!("input `{port}`"),
        "it is already connected to a stage",
    )
    .hint("remove the input or the edge")
}

fn unconnected(port: &str, stage: &Stage, place: usize) -> PipelineProblem {
    let what = format!("`{port}` is not connected, but other inputs of the stage are");
    PipelineProblem::new(
        ProblemKind::Unconnected,
        format!("stage `{}`", stage.name()),
        what,
    )
    .with("type", stage.inputs()[place].ty.to_string())
    .hint(format!(
        "connect it, or declare it as an input: input `{port}`"
    ))
}

fn unsaid(word: &str, port: &str) -> PipelineProblem {
    let what = format!("it is not connected, and not among the declared {word}s");
    PipelineProblem::new(ProblemKind::Ends, format!("{word} `{port}`"), what).hint(format!(
        "declare {word} `{port}` as well, declare no {word}s, or connect it"
    ))
}

/// Returns the stages in topological order and reports cycles.
pub(super) fn order(
    draft: &PipelineBuilder,
    written: &Written,
    problems: &mut Problems,
) -> Vec<usize> {
    let mut pairs: BTreeSet<(usize, usize)> = written
        .links
        .iter()
        .filter_map(|link| Some((link.from.as_ref()?.stage, link.to.as_ref()?.stage)))
        .collect();
    let mut left: BTreeSet<usize> = (0..draft.drafts.len()).collect();
    let mut order = Vec::new();
    loop {
        while let Some(next) = first_free(&left, &pairs) {
            left.remove(&next);
            order.push(next);
        }
        let Some(cycle) = cycle(&left, &pairs) else {
            return order;
        };
        let names: Vec<&str> = cycle
            .iter()
            .chain(cycle.first())
            .map(|stage| draft.drafts[*stage].name.as_str())
            .collect();
        let what = format!("items would loop: `{}`", names.join(" -> "));
        let problem = PipelineProblem::new(ProblemKind::Cycle, "pipeline", what);
        problems.push(problem.hint("remove one of these edges"));
        // Without its last edge, other cycles can be found.
        pairs.retain(|pair| {
            Some(pair.0) != cycle.last().copied() || Some(pair.1) != cycle.first().copied()
        });
    }
}

fn first_free(left: &BTreeSet<usize>, pairs: &BTreeSet<(usize, usize)>) -> Option<usize> {
    let waits = |stage: usize| {
        pairs
            .iter()
            .any(|(from, to)| *to == stage && left.contains(from))
    };
    left.iter().copied().find(|stage| !waits(*stage))
}

/// Returns a cycle among stages that each have a predecessor, starting at the stage with the lowest
/// index.
fn cycle(left: &BTreeSet<usize>, pairs: &BTreeSet<(usize, usize)>) -> Option<Vec<usize>> {
    let mut way = vec![*left.first()?];
    loop {
        let last = *way.last()?;
        let before = pairs
            .iter()
            .find(|(from, to)| *to == last && left.contains(from))?
            .0;
        if let Some(start) = way.iter().position(|stage| *stage == before) {
            let mut cycle = way.split_off(start);
            cycle.reverse();
            let first = cycle.iter().enumerate().min_by_key(|(_, stage)| **stage)?.0;
            cycle.rotate_left(first);
            return Some(cycle);
        }
        way.push(before);
    }
}

/// Reports stages that nothing refers to, if there are several stages.
pub(super) fn dead(draft: &PipelineBuilder, written: &Written, problems: &mut Problems) {
    if draft.drafts.len() < 2 {
        return;
    }
    let mut seen = HashSet::new();
    for (index, stage) in draft.drafts.iter().enumerate() {
        let is_named = written.of_stage(index).next().is_some() || written.guessed.contains(&index);
        if seen.insert(&stage.name) && !is_named {
            let place = format!("stage `{}`", stage.name);
            let problem = PipelineProblem::new(ProblemKind::Dead, place, "it is not connected");
            problems.push(problem.hint("connect it, or remove it"));
        }
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}
