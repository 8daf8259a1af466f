//! Checks for missing options, and for options that cannot be combined.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use super::super::form::Form;
use super::super::{OnError, PipelineBuilder, PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::written::Written;

/// Reports stages that lack an option or have invalid ones.
pub(super) fn check(
    draft: &PipelineBuilder,
    written: &Written,
    stages: &[Option<Stage>],
    problems: &mut Problems,
) {
    for (index, stage) in stages
        .iter()
        .enumerate()
        .filter_map(|(index, stage)| Some((index, stage.as_ref()?)))
    {
        let form = draft.drafts[index].form;
        problems.extend(bounds(stage));
        problems.extend(retry(stage, form));
        problems.extend(no_lists(stage));
        // A misspelt port may be meant to take the errors.
        let mut giving = written.links.iter().filter_map(|link| link.from.as_ref());
        let taken = giving.any(|mention| mention.stage == index && mention.port != "output");
        if stage.is_fallible() && !taken && stage.options().on_error.is_none() {
            problems.push(silent(stage, form));
        }
    }
}

/// Creates a problem with a stage.
pub(super) fn problem(
    kind: ProblemKind,
    stage: &Stage,
    what: impl Into<String>,
) -> PipelineProblem {
    PipelineProblem::new(kind, format!("stage `{}`", stage.name()), what)
}

fn bounds(stage: &Stage) -> Vec<PipelineProblem> {
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
        .map(|(_, what)| problem(ProblemKind::Options, stage, what).hint("write 1 or more"))
        .collect()
}

fn retry(stage: &Stage, form: Form) -> Option<PipelineProblem> {
    let options = stage.options();
    (options.retry.is_some() && !options.idempotent).then(|| {
        let (idempotent, retry) = (form.option("idempotent"), form.option("retry"));
        problem(
            ProblemKind::Options,
            stage,
            "it is retried, but not marked as idempotent",
        )
        .hint(format!(
            "set {idempotent} if running an item twice is harmless, or remove {retry}"
        ))
    })
}

fn no_lists(stage: &Stage) -> Option<PipelineProblem> {
    let is_per_chunk = stage
        .options()
        .per_chunk
        .is_some_and(|elements| elements > 0);
    (is_per_chunk && stage.chunk().is_none()).then(|| {
        problem(
            ProblemKind::Options,
            stage,
            "it is called per chunk, but does not take and return lists",
        )
        .with("type", stage.function().signature())
        .hint(
            "`per_chunk` needs a function that takes one `list` and returns one, both of plain elements",
        )
    })
}

fn silent(stage: &Stage, form: Form) -> PipelineProblem {
    let connect = match stage.error() {
        Some(_) => format!(", or connect `{}.error`", stage.name()),
        None => String::new(),
    };
    let on_error = form.option("on_error");
    let [fail, skip, aside] =
        [OnError::Fail, OnError::Skip, OnError::DeadLetter].map(|action| form.action(action));
    problem(
        ProblemKind::Errors,
        stage,
        "it can return an error, but no action for errors is set",
    )
    .with("type", stage.function().signature())
    .hint(format!(
        "set {on_error} to {fail}, {skip} or {aside}{connect}"
    ))
}
