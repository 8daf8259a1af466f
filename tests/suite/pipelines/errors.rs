//! Items that a stage cannot process: traps, deadlines and returned errors are distinct, and no
//! loss goes unreported.

use std::time::Duration;

use airssys_wasm_host::pipeline::{DeadLetter, FailureCause, Inputs, Item, OnError, RetryPolicy};
use airssys_wasm_host::{ErrorKind, Value};
use futures_util::{TryStreamExt as _, stream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{builder, chain, deploy, options_for, stages};
use crate::support::{host, wat_file};

fn drain_letters(mut letters: UnboundedReceiver<DeadLetter>) -> Vec<DeadLetter> {
    std::iter::from_fn(|| letters.try_recv().ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_error_becomes_a_dead_letter_with_its_context() {
    let host = host();
    let pipeline = builder()
        .add_component_with(
            "parse",
            stages(),
            options_for("parse").on_error(OnError::DeadLetter),
        )
        .add_component_with("double", stages(), options_for("double"))
        .connect("parse.output", "double.input")
        .build()
        .expect("a pipeline");
    let error = host
        .pipelines()
        .deploy(pipeline.clone())
        .await
        .expect_err("no dead-letter sink is set");
    assert_eq!(error.kind(), ErrorKind::InvalidPipeline, "{error}");
    let (sender, letters) = unbounded_channel();
    let pipeline = host
        .pipelines()
        .deploy(pipeline)
        .dead_letters(sender)
        .await
        .expect("deployed");
    let outcomes: Vec<_> = pipeline
        .run(stream::iter(["1", "two", "3"]))
        .try_collect()
        .await
        .expect("all items");
    let counts: Vec<usize> = outcomes
        .iter()
        .map(|outcome| outcome.outputs.len())
        .collect();
    assert_eq!(counts, [1, 0, 1]);
    let letters = drain_letters(letters);
    let [letter] = &letters[..] else {
        panic!("{letters:?}")
    };
    assert_eq!(
        (letter.stage.as_str(), letter.sequence, letter.attempts),
        ("parse", 1, 1)
    );
    assert_eq!(letter.revision, Some(1));
    assert_eq!(letter.inputs, [Item::from("two")]);
    let FailureCause::Returned(Some(Value::String(cause))) = &letter.cause else {
        panic!("{letter:?}")
    };
    assert!(cause.starts_with("`two`: invalid digit"), "{cause}");
    assert_eq!(pipeline.status().stages[0].dead_letters, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_ends_the_run_by_default() {
    let host = host();
    let pipeline = deploy(&host, chain(&["upper", "trap"])).await;
    let error = pipeline
        .run(stream::iter(["a", "b"]))
        .try_collect::<Vec<_>>()
        .await
        .expect_err("a trap");
    assert_eq!(error.kind(), ErrorKind::Trapped, "{error}");
    assert!(
        error.to_string().contains("item 0 of `test`, at stage `"),
        "{error}"
    );
    pipeline.remove().await.expect("removed");

    let (sender, letters) = unbounded_channel();
    let pipeline = builder()
        .add_component_with("upper", stages(), options_for("upper"))
        .add_component_with(
            "trap",
            stages(),
            options_for("trap").on_failure(OnError::DeadLetter),
        )
        .connect("upper.output", "trap.input")
        .build()
        .expect("a pipeline");
    let pipeline = host
        .pipelines()
        .deploy(pipeline)
        .dead_letters(sender)
        .await
        .expect("deployed");
    pipeline
        .run(stream::iter(["a", "b"]))
        .try_collect::<Vec<_>>()
        .await
        .expect("all items");
    let letters = drain_letters(letters);
    assert_eq!(letters.len(), 2);
    for letter in letters {
        let FailureCause::Failed(error) = &letter.cause else {
            panic!("{letter:?}")
        };
        assert_eq!(error.kind(), ErrorKind::Trapped);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_stage_exceeds_its_deadline_and_does_not_trap() {
    let host = host();
    let (sender, letters) = unbounded_channel();
    let options = options_for("echo-after")
        .deadline(Duration::from_millis(100))
        .on_failure(OnError::DeadLetter);
    let pipeline = builder()
        .add_component_with("slow", stages(), options)
        .build()
        .expect("a pipeline");
    let pipeline = host
        .pipelines()
        .deploy(pipeline)
        .dead_letters(sender)
        .await
        .expect("deployed");
    let item = |ms: u64| {
        [Item::from(1u32), Item::from(ms)]
            .into_iter()
            .collect::<Inputs>()
    };
    let begun = std::time::Instant::now();
    let outcomes: Vec<_> = pipeline
        .run(stream::iter([item(0), item(60_000), item(1)]))
        .try_collect()
        .await
        .expect("all items");
    assert_eq!(
        outcomes
            .iter()
            .map(|outcome| outcome.outputs.len())
            .collect::<Vec<_>>(),
        [1, 0, 1]
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
    let letters = drain_letters(letters);
    let FailureCause::Failed(error) = &letters[0].cause else {
        panic!("{letters:?}")
    };
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotent_stages_are_retried() {
    let host = host();
    let (sender, letters) = unbounded_channel();
    let retry = RetryPolicy {
        attempts: 3,
        backoff: Duration::from_millis(1),
    };
    let options = options_for("halve")
        .on_error(OnError::DeadLetter)
        .idempotent()
        .retry(retry);
    let pipeline = builder()
        .add_component_with("halve", stages(), options)
        .build()
        .expect("a pipeline");
    let pipeline = host
        .pipelines()
        .deploy(pipeline)
        .dead_letters(sender)
        .await
        .expect("deployed");
    pipeline
        .run(stream::iter([8u32, 3]))
        .try_collect::<Vec<_>>()
        .await
        .expect("all items");
    assert_eq!(drain_letters(letters)[0].attempts, 3);
    let status = &pipeline.status().stages[0];
    assert_eq!((status.attempts, status.retried), (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_item_ends_the_run_where_configured() {
    let host = host();
    let pipeline = builder().add_component_with(
        "halve",
        stages(),
        options_for("halve").on_error(OnError::Fail),
    );
    let pipeline = deploy(&host, pipeline).await;
    let error = pipeline.call(3u32).await.expect_err("odd");
    assert_eq!(error.kind(), ErrorKind::StageError);
    let said = "at stage `halve`: it returned the error \"3 is odd\"";
    assert_eq!(
        error.to_string(),
        format!("`test`, {said}"),
        "a call has no number"
    );
    let forked = builder()
        .name("forked")
        .add_component_with(
            "halve",
            stages(),
            options_for("halve").on_error(OnError::Fail),
        )
        .add_component_with("left", stages(), options_for("spell"))
        .add_component_with("right", stages(), options_for("spell"))
        .connect("halve.output", "left.input")
        .connect("halve.output", "right.input");
    let error = deploy(&host, forked)
        .await
        .call(3u32)
        .await
        .expect_err("odd");
    assert_eq!(error.to_string(), format!("`forked`, {said}"));
    let run = pipeline.run(stream::iter([2u32, 3]));
    let error = run.try_collect::<Vec<_>>().await.expect_err("odd");
    assert_eq!(error.to_string(), format!("item 1 of `test`, {said}"));
}

/// Errors of a source take their edge like those of any stage, and the source continues.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_a_source_takes_its_edge() {
    let host = host();
    let pipeline = builder()
        .add_component("source", wat_file("gives-and-fails"))
        .add_component_with("double", stages(), options_for("double"))
        .add_component_with("shout", stages(), options_for("upper"))
        .connect("source.output", "double.input")
        .connect("source.error", "shout.input");
    let pipeline = deploy(&host, pipeline).await;
    let outcomes: Vec<_> = pipeline
        .run_sources()
        .try_collect()
        .await
        .expect("the run completes");
    let given: Vec<(&str, Value)> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.outputs)
        .map(|(stage, item)| (&**stage, item.clone().into_value().expect("a value")))
        .collect();
    let shouted = ("shout", Value::String("NO TWO".into()));
    assert_eq!(
        given,
        [
            ("double", Value::U32(2)),
            shouted,
            ("double", Value::U32(6))
        ]
    );
}
