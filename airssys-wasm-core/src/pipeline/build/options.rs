//! Which options of a stage go together.
//!
//! Tests: `tests/pipeline`.

use super::super::form::Form;
use super::super::{OnError, PipelineBuilder, PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::written::Written;

/// Every stage that says too little, or what cannot be.
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
        // A port that was misspelt may have meant the errors.
        let mut giving = written.links.iter().filter_map(|link| link.from.as_ref());
        let taken = giving.any(|mention| mention.stage == index && mention.port != "output");
        if stage.is_fallible() && !taken && stage.options().on_error.is_none() {
            problems.push(silent(stage, form));
        }
    }
}

/// A problem with a stage.
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
            "a concurrency of 0 lets it do nothing",
        ),
        (options.queue_max == Some(0), "a queue of 0 lets nothing in"),
        (
            options.deadline.is_some_and(|time| time.is_zero()),
            "a deadline of 0 has always passed",
        ),
        (attempts == Some(0), "0 attempts are none; the first counts"),
        (
            options.per_chunk == Some(0),
            "chunks of 0 elements never end",
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
            "it is tried again and not said to be idempotent",
        )
        .hint(format!(
            "say {idempotent} if running an item twice does no harm, or take {retry} away"
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
            "it is called for each chunk, and does not take lists",
        )
        .with("type", stage.function().signature())
        .hint(
            "`per_chunk` is for a function of one `list` that returns a `list`, of plain elements",
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
        "it can return an error, and nothing says what happens then",
    )
    .with("type", stage.function().signature())
    .hint(format!(
        "say {on_error}: {fail}, {skip} or {aside}{connect}"
    ))
}
