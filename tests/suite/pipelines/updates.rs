//! A stage is replaced while items run through: none is lost, none runs twice, and what does
//! not fit is refused.

use std::time::Duration;

use airssys_wasm_host::pipeline::{PipelineDeployment, StageOptions};
use airssys_wasm_host::{Component, ErrorKind, Strategy, Value};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{builder, deploy};
use crate::support::{host, wat};

/// Multiplies a number.
fn times(factor: u32, version: &str) -> Component {
    let text = format!(
        r#"(component
            (core module $m (func (export "step") (param i32) (result i32)
                (i32.mul (local.get 0) (i32.const {factor}))))
            (core instance $i (instantiate $m))
            (func (export "step") (param "n" u32) (result u32) (canon lift (core func $i "step"))))"#
    );
    wat("times", &text).with_version(version.parse().expect("a version"))
}

fn number(outcome: airssys_wasm_host::pipeline::Outcome) -> u32 {
    match outcome.into_item().expect("one").into_value().expect("a value") {
        Value::U32(number) => number,
        other => panic!("{other:?}"),
    }
}

async fn replaced_half_way(pipeline: &PipelineDeployment, expected_units: usize) {
    assert_eq!(pipeline.status().stages.len(), expected_units);
    let items = stream::iter(1..=4_000u32).then(async |n| {
        if n % 20 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        n
    });
    let run = pipeline.run(items);
    let read = tokio::spawn(async move { run.map_ok(number).try_collect::<Vec<u32>>().await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let update = pipeline.update("second", times(100, "2.0.0"), Strategy::BlueGreen).await.expect("updated");
    update.drained().await;
    let numbers = read.await.expect("a reader").expect("no item fails");
    assert_eq!(numbers.len(), 4_000);
    let switched =
        numbers.iter().zip(1..).position(|(number, n)| *number == n * 200).expect("it was replaced");
    assert!(switched > 0, "some ran through the old one");
    for (number, n) in numbers.into_iter().zip(1u32..) {
        assert!(number == n * 6 || number == n * 200, "item {n} gave {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_replaced_under_load() {
    let host = host();
    let pipeline = builder()
        .add_component_with("first", times(2, "1.0.0"), StageOptions::new().concurrency(2))
        .add_component_with("second", times(3, "1.0.0"), StageOptions::new().concurrency(2))
        .connect("first.output", "second.input");
    replaced_half_way(&deploy(&host, pipeline).await, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fused_stage_is_fused_again_under_load() {
    let host = host();
    let pipeline = builder()
        .add_component("first", times(2, "1.0.0"))
        .add_component("second", times(3, "1.0.0"))
        .connect("first.output", "second.input");
    replaced_half_way(&deploy(&host, pipeline).await, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_breaks_an_edge_is_refused() {
    let host = host();
    let pipeline = builder()
        .add_component_with("first", times(2, "1.0.0"), StageOptions::new().concurrency(2))
        .add_component_with("second", times(3, "1.0.0"), StageOptions::new().concurrency(2))
        .connect("first.output", "second.input");
    let pipeline = deploy(&host, pipeline).await;
    let other = wat(
        "other",
        r#"(component
            (core module $m (func (export "step") (param i64) (result i64) local.get 0))
            (core instance $i (instantiate $m))
            (func (export "step") (param "n" u64) (result u64) (canon lift (core func $i "step"))))"#,
    );
    let refused =
        pipeline.update("second", other.clone(), Strategy::BlueGreen).await.expect_err("another type");
    assert_eq!(refused.kind(), ErrorKind::InvalidPipeline);
    assert!(refused.to_string().contains("first.output") && refused.to_string().contains("u64"), "{refused}");
    let refused = host.update("test:second", other).any_version().await.expect_err("another type");
    assert_eq!(refused.kind(), ErrorKind::WorldChanged, "{refused}");
    let refused =
        pipeline.update("third", times(1, "2.0.0"), Strategy::BlueGreen).await.expect_err("no stage");
    assert!(refused.to_string().contains("there is no stage `third`"), "{refused}");
    assert_eq!(number(pipeline.call(1u32).await.expect("it serves on")), 6);
}
