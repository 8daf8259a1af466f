//! Checks for missing options, and for options that cannot be combined.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use super::super::origin::StageOrigin;
use super::super::{OnError, PipelineBuilder, PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::references::PortReferences;

/// Reports stages that lack an option or have invalid ones.
pub(super) fn check(
    draft: &PipelineBuilder,
    written: &PortReferences,
    stages: &[Option<Stage>],
    problems: &mut Problems,
) {
    for (index, stage) in stages
        .iter()
        .enumerate()
        .filter_map(|(index, stage)| Some((index, stage.as_ref()?)))
    {
        let form = draft.stages[index].origin;
        problems.extend(zero_options(stage));
        problems.extend(unsafe_retry(stage, form));
        problems.extend(chunks_without_lists(stage));
        // A misspelt port may be meant to take the errors.
        let mut giving = written.links.iter().filter_map(|link| link.from.as_ref());
        let taken = giving.any(|mention| mention.stage == index && mention.port != "output");
        if stage.is_fallible() && !taken && stage.options().on_error.is_none() {
            problems.push(unhandled_errors(stage, form));
        }
    }
}

/// Creates a problem with a stage.
pub(super) fn stage_problem(
    kind: ProblemKind,
    stage: &Stage,
    what: impl Into<String>,
) -> PipelineProblem {
    PipelineProblem::new(kind, format!("stage `{}`", stage.name()), what)
}

fn zero_options(stage: &Stage) -> Vec<PipelineProblem> {
    let options = stage.options();
    let attempts = options.retry.map(|retry| retry.attempts);
    let zeros = [
        (
            options.concurrency == Some(0),
            "a concurrency of 0 processes no items",
        ),
        (
            options.queue_max == Some(0),
            "a queue of 0 accepts no items",
        ),
        (
            options.deadline.is_some_and(|time| time.is_zero()),
            "a deadline of 0 always expires",
        ),
        (
            attempts == Some(0),
            "0 attempts never run it; the first attempt counts",
        ),
        (
            options.per_chunk == Some(0),
            "chunks need at least 1 element",
        ),
    ];
    let found = zeros.into_iter().filter(|(is_zero, _)| *is_zero);
    found
        .map(|(_, what)| {
            stage_problem(ProblemKind::Options, stage, what).with_hint("write 1 or more")
        })
        .collect()
}

fn unsafe_retry(stage: &Stage, form: StageOrigin) -> Option<PipelineProblem> {
    let options = stage.options();
    (options.retry.is_some() && !options.idempotent).then(|| {
        let (idempotent, retry) = (form.option_name("idempotent"), form.option_name("retry"));
        stage_problem(
            ProblemKind::Options,
            stage,
            "it is retried, but not marked as idempotent",
        )
        .with_hint(format!(
            "set {idempotent} if running an item twice is harmless, or remove {retry}"
        ))
    })
}

fn chunks_without_lists(stage: &Stage) -> Option<PipelineProblem> {
    let is_per_chunk = stage
        .options()
        .per_chunk
        .is_some_and(|elements| elements > 0);
    (is_per_chunk && stage.chunk().is_none()).then(|| {
        stage_problem(
            ProblemKind::Options,
            stage,
            "it is called per chunk, but does not take and return lists",
        )
        .with_detail("type", stage.function().signature())
        .with_hint(
            "`per_chunk` needs a function that takes one `list` and returns one, both of plain elements",
        )
    })
}

fn unhandled_errors(stage: &Stage, form: StageOrigin) -> PipelineProblem {
    let connect = match stage.error() {
        Some(_) => format!(", or connect `{}.error`", stage.name()),
        None => String::new(),
    };
    let on_error = form.option_name("on_error");
    let [fail, skip, dead_letter] =
        [OnError::Fail, OnError::Skip, OnError::DeadLetter].map(|action| form.action_name(action));
    stage_problem(
        ProblemKind::UnhandledErrors,
        stage,
        "it can return an error, but no action for errors is set",
    )
    .with_detail("type", stage.function().signature())
    .with_hint(format!(
        "set {on_error} to {fail}, {skip} or {dead_letter}{connect}"
    ))
}
