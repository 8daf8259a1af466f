//! Fan-out and fan-in: broadcast, routes, shares, error ports, merge and zip.

use airssys_wasm_host::Value;
use airssys_wasm_host::pipeline::Outcome;
use futures_util::{TryStreamExt as _, stream};

use super::{builder, deploy, options_for, stages};
use crate::support::host;

/// Returns the outputs as `stage=value`, sorted by stage.
fn labelled_outputs(outcome: Outcome) -> Vec<String> {
    let mut told: Vec<String> = outcome
        .outputs
        .into_iter()
        .map(|(stage, item)| format!("{stage}={}", item.into_value().expect("a value")))
        .collect();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn broadcast_reaches_every_stage_and_a_join_waits_for_all() {
    let host = host();
    let pipeline = builder()
        .add_component_with("start", stages(), options_for("double"))
        .add_component_with("left", stages(), options_for("double"))
        .add_component_with("right", stages(), options_for("double"))
        .add_component_with("join", stages(), options_for("add"))
        .connect("start.output", "left.input")
        .connect("start.output", "right.input")
        .connect("left.output", "join.a")
        .connect("right.output", "join.b");
    let pipeline = deploy(&host, pipeline).await;
    let outcomes: Vec<_> = pipeline
        .run(stream::iter(1..=100u32))
        .try_collect()
        .await
        .expect("all items");
    for (n, outcome) in (1u32..).zip(outcomes) {
        assert_eq!(labelled_outputs(outcome), [format!("join={}", n * 8)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_and_shares_send_an_item_to_one_stage() {
    let host = host();
    let pipeline = builder()
        .add_component_with("start", stages(), options_for("double"))
        .add_component_with("small", stages(), options_for("spell"))
        .add_component_with("large", stages(), options_for("double"))
        .add_component_with("a", stages(), options_for("spell"))
        .add_component_with("b", stages(), options_for("spell"))
        .connect_when("start.output", "small.input", "<= 10")
        .connect_when("start.output", "large.input", "> 10")
        .partition("large.output", "", ["a.input", "b.input"]);
    let built = pipeline.build();
    let pipeline = match built {
        Ok(pipeline) => host.pipelines().deploy(pipeline).await.expect("deployed"),
        Err(errors) => panic!("{errors}"),
    };
    assert_eq!(
        labelled_outputs(pipeline.call(5u32).await.expect("an outcome")),
        ["small=\"<1><0>\""]
    );
    let (mut a, mut b) = (0, 0);
    for n in 6..40u32 {
        let first = labelled_outputs(pipeline.call(n).await.expect("an outcome"));
        assert_eq!(
            first,
            labelled_outputs(pipeline.call(n).await.expect("an outcome")),
            "the same key takes the same edge"
        );
        match first[..] {
            [ref one] if one.starts_with("a=") => a += 1,
            [ref one] if one.starts_with("b=") => b += 1,
            ref other => panic!("{other:?}"),
        }
    }
    assert!(a > 0 && b > 0, "{a} and {b}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_take_their_own_edge_and_edges_merge_again() {
    let host = host();
    let pipeline = builder()
        .add_component_with("parse", stages(), options_for("parse"))
        .add_component_with("spell", stages(), options_for("spell"))
        .add_component_with("upper", stages(), options_for("upper"))
        .connect("parse.output", "spell.input")
        .connect("spell.output", "upper.input")
        .connect("parse.error", "upper.input");
    let pipeline = deploy(&host, pipeline).await;
    assert_eq!(
        labelled_outputs(pipeline.call("42").await.expect("an outcome")),
        ["upper=\"<4><2>\""]
    );
    let told = labelled_outputs(pipeline.call("x").await.expect("an outcome"));
    assert_eq!(told, ["upper=\"`X`: INVALID DIGIT FOUND IN STRING\""]);
}

/// A record with more fields passes where fewer are required.
#[tokio::test(flavor = "multi_thread")]
async fn records_pass_whole() {
    let host = host();
    let pipeline = builder()
        .add_component_with("describe", stages(), options_for("describe"))
        .add_component_with("render", stages(), options_for("render"))
        .connect("describe.output", "render.input");
    let pipeline = deploy(&host, pipeline).await;
    let Value::String(text) = pipeline
        .call("ho ho!")
        .await
        .expect("one")
        .into_item()
        .expect("one")
        .into_value()
        .expect("a value")
    else {
        panic!("a text")
    };
    assert!(text.contains("Mood::Loud(1)"), "{text}");
}
