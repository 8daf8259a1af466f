//! Items that are dropped without an error are counted at the last stage they reached.

use airssys_wasm_host::pipeline::{PipelineDeployment, StageStatus};
use futures_util::{TryStreamExt as _, stream};

use super::{builder, counter, deploy, options_for, stages};
use crate::support::host;

fn stage(pipeline: &PipelineDeployment, name: &str) -> StageStatus {
    let stages = pipeline.status().stages;
    stages
        .into_iter()
        .find(|stage| stage.stages == [name])
        .expect("a stage")
}

/// Returns the number of the stage's items that took no edge and the number that met no partner.
fn lost_items(pipeline: &PipelineDeployment, name: &str) -> (u64, u64) {
    let stage = stage(pipeline, name);
    (stage.unrouted, stage.unmatched)
}

#[tokio::test(flavor = "multi_thread")]
async fn items_that_match_no_condition_are_counted() {
    let host = host();
    let pipeline = builder()
        .add_component_with("start", stages(), options_for("double"))
        .add_component_with("small", stages(), options_for("spell"))
        .add_component_with("large", stages(), options_for("spell"))
        .connect_when("start.output", "small.input", "< 10")
        .connect_when("start.output", "large.input", "> 10");
    let pipeline = deploy(&host, pipeline).await;
    let outcomes: Vec<_> = pipeline
        .run(stream::iter(4..=6u32))
        .try_collect()
        .await
        .expect("all items");
    let counts: Vec<usize> = outcomes
        .iter()
        .map(|outcome| outcome.outputs.len())
        .collect();
    assert_eq!(counts, [1, 0, 1], "10 takes no edge");
    assert_eq!(lost_items(&pipeline, "start"), (1, 0));
    assert_eq!(lost_items(&pipeline, "small"), (0, 0));
    pipeline.call(5u32).await.expect("an outcome");
    assert_eq!(
        lost_items(&pipeline, "start"),
        (2, 0),
        "a call counts as well"
    );
    assert_eq!(stage(&pipeline, "start").skipped, 0);
}

/// An item that also leaves the pipeline is not lost.
#[tokio::test(flavor = "multi_thread")]
async fn items_that_leave_the_pipeline_are_not_lost() {
    let host = host();
    let pipeline = builder()
        .add_component_with("start", stages(), options_for("double"))
        .add_component_with("large", stages(), options_for("spell"))
        .connect_when("start.output", "large.input", "> 10")
        .output("start.output")
        .output("large.output");
    let pipeline = deploy(&host, pipeline).await;
    assert_eq!(
        pipeline.call(1u32).await.expect("an outcome").outputs.len(),
        1
    );
    assert_eq!(lost_items(&pipeline, "start"), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_match_no_condition_are_counted() {
    let host = host();
    let pipeline = builder()
        .add_component_with("parse", stages(), options_for("parse"))
        .add_component_with("upper", stages(), options_for("upper"))
        .connect_when("parse.error", "upper.input", "== \"another\"");
    let pipeline = deploy(&host, pipeline).await;
    assert_eq!(
        pipeline.call("1").await.expect("an outcome").outputs.len(),
        1
    );
    assert_eq!(lost_items(&pipeline, "parse"), (0, 0));
    assert!(
        pipeline
            .call("one")
            .await
            .expect("an outcome")
            .outputs
            .is_empty()
    );
    assert_eq!(lost_items(&pipeline, "parse"), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_never_joined_is_counted() {
    let host = host();
    let pipeline = builder()
        .add_component_with("start", stages(), options_for("double"))
        .add_component_with("some", stages(), options_for("double"))
        .add_component_with("all", stages(), options_for("double"))
        .add_component_with("join", stages(), options_for("add"))
        .connect_when("start.output", "some.input", "> 10")
        .connect("start.output", "all.input")
        .connect("some.output", "join.a")
        .connect("all.output", "join.b");
    let pipeline = deploy(&host, pipeline).await;
    let outcomes: Vec<_> = pipeline
        .run(stream::iter(1..=7u32))
        .try_collect()
        .await
        .expect("all items");
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| outcome.outputs.is_empty())
            .count(),
        5
    );
    assert_eq!(lost_items(&pipeline, "join"), (0, 5));
    assert_eq!(
        lost_items(&pipeline, "start"),
        (0, 0),
        "it took the other edge"
    );
}

/// The longer of two sources emits an item that is never joined.
#[tokio::test(flavor = "multi_thread")]
async fn items_of_a_source_after_another_ended_are_counted() {
    let host = host();
    let pipeline = builder()
        .add_component("long", counter(5))
        .add_component("short", counter(3))
        .add_component_with("join", stages(), options_for("add"))
        .connect("long.output", "join.a")
        .connect("short.output", "join.b");
    let pipeline = deploy(&host, pipeline).await;
    let outcomes: Vec<_> = pipeline
        .run_sources()
        .try_collect()
        .await
        .expect("all items");
    assert_eq!(outcomes.len(), 3);
    assert_eq!(
        (
            lost_items(&pipeline, "long"),
            lost_items(&pipeline, "short")
        ),
        ((0, 1), (0, 0))
    );
    assert_eq!(stage(&pipeline, "long").attempts, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_after_a_source_ended_are_counted() {
    let host = host();
    let pipeline = builder()
        .add_component("count", counter(2))
        .add_component_with("join", stages(), options_for("add"))
        .connect("count.output", "join.a")
        .input("join.b");
    let pipeline = deploy(&host, pipeline).await;
    let outcomes: Vec<_> = pipeline
        .run(stream::iter(1..=9u32))
        .try_collect()
        .await
        .expect("all items");
    assert_eq!(outcomes.len(), 2);
    assert_eq!(
        lost_items(&pipeline, "join"),
        (0, 1),
        "only the third was taken"
    );
}
