//! Checks that no stream would be read twice.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/streams.rs`.

use super::super::edge::{Edge, FromPort, PipelineOutput};
use super::super::{PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::options::problem;
use crate::world::Element;

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
            .filter(|edge| edge.from == index && edge.from_port == FromPort::Output);
        let readers = readers.count()
            + outputs
                .iter()
                .filter(|output| output.stage == index)
                .count();
        problems.extend(read_twice(stage, readers));
        problems.extend(joined(stage, index, edges));
        problems.extend(tried_twice(stage));
    }
}

fn read_twice(stage: &Stage, readers: usize) -> Option<PipelineProblem> {
    let ty = stage
        .output()
        .filter(|ty| Element::of_stream(ty).is_some())?;
    (readers > 1).then(|| {
        let what = format!("its output has {readers} readers, but a stream can be read only once");
        problem(ProblemKind::Stream, stage, what)
            .with("type", ty.to_string())
            .hint("read it in one place, or let the stage return lists")
    })
}

/// Reports a stage that reads two streams. Each stream blocks its writer until it is read, and
/// writers that wait for each other's readers would deadlock.
fn joined(stage: &Stage, index: usize, edges: &[Edge]) -> Option<PipelineProblem> {
    let is_stream = |edge: &&Edge| Element::of_stream(&stage.inputs()[edge.param].ty).is_some();
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
        problem(ProblemKind::Stream, stage, what)
            .hint("pass one of them as a list, or from outside the pipeline"),
    )
}

fn tried_twice(stage: &Stage) -> Option<PipelineProblem> {
    let options = stage.options();
    let input = stage
        .inputs()
        .iter()
        .find(|param| Element::of_stream(&param.ty).is_some())?;
    let wish = match (options.retry.is_some(), options.puts_aside()) {
        (true, _) => "retried",
        (_, true) => "kept as a dead letter with its input",
        _ => return None,
    };
    let what = format!(
        "an item cannot be {wish}: `{}` is a stream, which can be read only once",
        input.name
    );
    Some(problem(ProblemKind::Stream, stage, what).hint("use `fail` or `skip`, and no retry"))
}
