//! Checks that no stream would be read twice.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/streams.rs`.

use super::super::edge::{Edge, OutputPort, PipelineOutput};
use super::super::{PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::options::stage_problem;
use crate::world::ElementType;

/// Reports stages whose streams would be read twice, and stages that would read two streams.
pub(super) fn check(
    stages: &[Option<Stage>],
    edges: &[Edge],
    outputs: &[PipelineOutput],
    problems: &mut Problems,
) {
    for (index, stage) in stages
        .iter()
        .enumerate()
        .filter_map(|(index, stage)| Some((index, stage.as_ref()?)))
    {
        let readers = edges
            .iter()
            .filter(|edge| edge.from == index && edge.output_port == OutputPort::Output);
        let readers = readers.count()
            + outputs
                .iter()
                .filter(|output| output.stage == index)
                .count();
        problems.extend(read_twice(stage, readers));
        problems.extend(joins_streams(stage, index, edges));
        problems.extend(reuses_stream(stage));
    }
}

fn read_twice(stage: &Stage, readers: usize) -> Option<PipelineProblem> {
    let ty = stage
        .output()
        .filter(|ty| ElementType::from_stream(ty).is_some())?;
    (readers > 1).then(|| {
        let what = format!("its output has {readers} readers, but a stream can be read only once");
        stage_problem(ProblemKind::Stream, stage, what)
            .with_detail("type", ty.to_string())
            .with_hint("read it in one place, or let the stage return lists")
    })
}

/// Reports a stage that reads two streams. Each stream blocks its writer until it is read, and
/// writers that wait for each other's readers would deadlock.
fn joins_streams(stage: &Stage, index: usize, edges: &[Edge]) -> Option<PipelineProblem> {
    let is_stream =
        |edge: &&Edge| ElementType::from_stream(&stage.inputs()[edge.param].ty).is_some();
    let mut streams: Vec<&str> = edges
        .iter()
        .filter(|edge| edge.to == index)
        .filter(is_stream)
        .map(|edge| stage.inputs()[edge.param].name.as_str())
        .collect();
    streams.sort_unstable();
    streams.dedup();
    let [first, second, ..] = streams[..] else {
        return None;
    };
    let what = format!(
        "`{first}` and `{second}` are streams of other stages, but a stage can read only one"
    );
    Some(
        stage_problem(ProblemKind::Stream, stage, what)
            .with_hint("pass one of them as a list, or from outside the pipeline"),
    )
}

fn reuses_stream(stage: &Stage) -> Option<PipelineProblem> {
    let options = stage.options();
    let input = stage
        .inputs()
        .iter()
        .find(|param| ElementType::from_stream(&param.ty).is_some())?;
    let wish = match (options.retry.is_some(), options.has_dead_letters()) {
        (true, _) => "retried",
        (_, true) => "kept as a dead letter with its input",
        _ => return None,
    };
    let what = format!(
        "an item cannot be {wish}: `{}` is a stream, which can be read only once",
        input.name
    );
    Some(
        stage_problem(ProblemKind::Stream, stage, what)
            .with_hint("use `fail` or `skip`, and no retry"),
    )
}
