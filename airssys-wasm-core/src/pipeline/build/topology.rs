//! Checks of the pipeline as a whole: names, inputs and outputs, cycles, unconnected stages.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`,
//! `airssys-wasm-core/tests/pipeline/shape.rs`.

use std::collections::{BTreeSet, HashSet};

use super::super::definition::PipelineDefinition;
use super::super::edge::{Edge, OutputPort, PipelineInput, PipelineOutput};
use super::super::{PipelineBuilder, PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::edges::referenced_stage;
use super::ports::{resolve_input, resolve_output};
use super::references::{PortReference, PortReferences};
use crate::ComponentName;
use crate::bounds::{EDGES_MAX, STAGES_MAX};

/// Parses the name of the pipeline.
pub(super) fn parse_name(
    said: &PipelineDefinition,
    problems: &mut Problems,
) -> Option<ComponentName> {
    let failed = |error: crate::ComponentNameError| {
        PipelineProblem::new(ProblemKind::InvalidName, "pipeline", error.to_string())
    };
    said.name
        .parse()
        .map_err(|error| problems.push(failed(error)))
        .ok()
}

/// Reports more stages or edges than a pipeline can have; nothing else is checked then.
pub(super) fn check_size(draft: &PipelineBuilder) -> Option<PipelineProblem> {
    let said = &draft.definition;
    let shared: usize = said
        .partition
        .iter()
        .map(|partition| partition.to.len().max(1))
        .sum();
    let edges = said.connect.len() + shared + said.input.len() + said.output.len();
    let (found, most, what) = match draft.stages.len() {
        stages if stages > STAGES_MAX => (stages, STAGES_MAX, "stages"),
        _ if edges > EDGES_MAX => (edges, EDGES_MAX, "edges, inputs and outputs"),
        _ => return None,
    };
    let what = format!("it has {found} {what}, but at most {most} are allowed");
    let problem = PipelineProblem::new(ProblemKind::Options, "pipeline", what);
    Some(problem.with_hint("split it into several pipelines"))
}

/// Reports invalid and duplicate names of stages, and a pipeline without stages.
pub(super) fn check_stage_names(draft: &PipelineBuilder, problems: &mut Problems) {
    if draft.stages.is_empty() {
        let problem = PipelineProblem::new(ProblemKind::Empty, "pipeline", "it has no stages");
        problems.push(problem.with_hint("add components"));
    }
    let mut known = HashSet::new();
    for stage in &draft.stages {
        let place = format!("stage `{}`", stage.name);
        if !is_name(&stage.name) {
            let problem = PipelineProblem::new(
                ProblemKind::InvalidName,
                &place,
                "this is not a valid name for a stage",
            );
            problems.push(
                problem.with_hint(
                    "use letters, digits, `-` and `_`, starting with a letter; at most 64",
                ),
            );
        }
        if !known.insert(&stage.name) {
            let problem = PipelineProblem::new(
                ProblemKind::DuplicateStage,
                &place,
                "another stage has the same name",
            );
            problems.push(problem.with_hint("rename one of them; both can run the same component"));
        }
    }
}

/// Reports bounds that admit no items.
pub(super) fn check_bounds(said: &PipelineDefinition, problems: &mut Problems) {
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
            PipelineProblem::new(ProblemKind::Options, "pipeline", what)
                .with_hint("write 1 or more"),
        );
    }
}

/// Returns the inputs and the outputs of the pipeline.
pub(super) fn inputs_and_outputs(
    draft: &PipelineBuilder,
    written: &PortReferences,
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
    written: &PortReferences,
    stages: &[Option<Stage>],
    edges: &[Edge],
    problems: &mut Problems,
) -> Vec<PipelineInput> {
    let said = resolve_references(&written.inputs, stages, problems, resolve_input);
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
        if has_invalid_edge(index, written, edges) || written.misspelt_stages.contains(&index) {
            continue;
        }
        for (place, param) in stage.inputs().iter().enumerate() {
            let is_said = said.contains(&(index, place));
            let port = format!("{}.{}", stage.name(), param.name);
            match (connected.contains(&place), is_said) {
                (true, true) => problems.push(input_with_edge(&port)),
                (true, false) => {}
                (false, false) if !connected.is_empty() => {
                    problems.push(unconnected_input(&port, stage, place))
                }
                (false, false) if !written.inputs.is_empty() => {
                    problems.push(undeclared_port("input", &port))
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
    written: &PortReferences,
    stages: &[Option<Stage>],
    edges: &[Edge],
    problems: &mut Problems,
) -> Vec<PipelineOutput> {
    let giving_output =
        |stage: &Stage, mention: &PortReference| match resolve_output(stage, mention)? {
            (OutputPort::Output, _) => Ok(0),
            (OutputPort::Error, _) => Err(PipelineProblem::new(
                ProblemKind::InputsAndOutputs,
                &mention.place,
                "an `error` port cannot be an output of the pipeline",
            )
            .with_hint(format!(
                "connect it to a stage, or set {}",
                draft.stages[mention.stage].origin.option_name("on_error")
            ))),
        };
    let said = resolve_references(&written.outputs, stages, problems, giving_output);
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
                .any(|edge| edge.from == index && edge.output_port == OutputPort::Output);
        match (taken, said.contains(&(index, 0))) {
            (true, false) => {}
            (false, false) if !written.outputs.is_empty() => {
                problems.push(undeclared_port(
                    "output",
                    &format!("{}.output", stage.name()),
                ));
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
fn resolve_references(
    mentions: &[PortReference],
    stages: &[Option<Stage>],
    problems: &mut Problems,
    port: impl Fn(&Stage, &PortReference) -> Result<usize, PipelineProblem>,
) -> BTreeSet<(usize, usize)> {
    let mut found = BTreeSet::new();
    for mention in mentions {
        match referenced_stage(stages, mention).map(|stage| port(stage, mention)) {
            Some(Ok(place)) => drop(found.insert((mention.stage, place))),
            Some(Err(problem)) => problems.push(problem),
            None => {}
        }
    }
    found
}

/// Returns `true` if an edge to the stage could not be built: the port that it was meant to connect
/// is unknown.
fn has_invalid_edge(stage: usize, written: &PortReferences, edges: &[Edge]) -> bool {
    let links = written
        .links
        .iter()
        .filter(|link| link.to.as_ref().is_some_and(|to| to.stage == stage));
    links.count() != edges.iter().filter(|edge| edge.to == stage).count()
}

fn input_with_edge(port: &str) -> PipelineProblem {
    PipelineProblem::new(
        ProblemKind::InputsAndOutputs,
        format!("input `{port}`"),
        "it is already connected to a stage",
    )
    .with_hint("remove the input or the edge")
}

fn unconnected_input(port: &str, stage: &Stage, place: usize) -> PipelineProblem {
    let what = format!("`{port}` is not connected, but other inputs of the stage are");
    PipelineProblem::new(
        ProblemKind::UnconnectedInput,
        format!("stage `{}`", stage.name()),
        what,
    )
    .with_detail("type", stage.inputs()[place].ty.to_string())
    .with_hint(format!(
        "connect it, or declare it as an input: input `{port}`"
    ))
}

fn undeclared_port(word: &str, port: &str) -> PipelineProblem {
    let what = format!("it is not connected, and not among the declared {word}s");
    PipelineProblem::new(
        ProblemKind::InputsAndOutputs,
        format!("{word} `{port}`"),
        what,
    )
    .with_hint(format!(
        "declare {word} `{port}` as well, declare no {word}s, or connect it"
    ))
}

/// Returns the stages in topological order and reports cycles.
pub(super) fn topological_order(
    draft: &PipelineBuilder,
    written: &PortReferences,
    problems: &mut Problems,
) -> Vec<usize> {
    let mut pairs: BTreeSet<(usize, usize)> = written
        .links
        .iter()
        .filter_map(|link| Some((link.from.as_ref()?.stage, link.to.as_ref()?.stage)))
        .collect();
    let mut left: BTreeSet<usize> = (0..draft.stages.len()).collect();
    let mut order = Vec::new();
    loop {
        while let Some(next) = first_ready(&left, &pairs) {
            left.remove(&next);
            order.push(next);
        }
        let Some(cycle) = find_cycle(&left, &pairs) else {
            return order;
        };
        let names: Vec<&str> = cycle
            .iter()
            .chain(cycle.first())
            .map(|stage| draft.stages[*stage].name.as_str())
            .collect();
        let what = format!("items would loop: `{}`", names.join(" -> "));
        let problem = PipelineProblem::new(ProblemKind::Cycle, "pipeline", what);
        problems.push(problem.with_hint("remove one of these edges"));
        // Without its last edge, other cycles can be found.
        pairs.retain(|pair| {
            Some(pair.0) != cycle.last().copied() || Some(pair.1) != cycle.first().copied()
        });
    }
}

fn first_ready(left: &BTreeSet<usize>, pairs: &BTreeSet<(usize, usize)>) -> Option<usize> {
    let waits = |stage: usize| {
        pairs
            .iter()
            .any(|(from, to)| *to == stage && left.contains(from))
    };
    left.iter().copied().find(|stage| !waits(*stage))
}

/// Returns a cycle among stages that each have a predecessor, starting at the stage with the lowest
/// index.
fn find_cycle(left: &BTreeSet<usize>, pairs: &BTreeSet<(usize, usize)>) -> Option<Vec<usize>> {
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
pub(super) fn check_disconnected(
    draft: &PipelineBuilder,
    written: &PortReferences,
    problems: &mut Problems,
) {
    if draft.stages.len() < 2 {
        return;
    }
    let mut seen = HashSet::new();
    for (index, stage) in draft.stages.iter().enumerate() {
        let is_named =
            written.for_stage(index).next().is_some() || written.misspelt_stages.contains(&index);
        if seen.insert(&stage.name) && !is_named {
            let place = format!("stage `{}`", stage.name);
            let problem =
                PipelineProblem::new(ProblemKind::DisconnectedStage, place, "it is not connected");
            problems.push(problem.with_hint("connect it, or remove it"));
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
