//! The fused, typed and dynamic lanes give the same results.

use airssys_wasm_host::Value;
use airssys_wasm_host::pipeline::{Item, Lane, PipelineDeployment, StageOptions};
use airssys_wasm_host::policy::Grants;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{builder, chain, deploy, options_for, stages};
use crate::support::host;

async fn value(pipeline: &PipelineDeployment, input: impl Into<Item>) -> Value {
    let outcome = pipeline.call(input.into()).await.expect("an outcome");
    outcome
        .into_item()
        .expect("one")
        .into_value()
        .expect("a value")
}

/// Stages without access to anything become one component; stages with grants stay separate.
#[tokio::test(flavor = "multi_thread")]
async fn stages_without_access_are_fused_and_stages_with_grants_are_not() {
    let functions = ["upper", "count", "double", "spell"];
    let host = host();
    let fused = deploy(&host, chain(&functions)).await;
    assert_eq!(fused.status().stages.len(), 1);
    assert_eq!(fused.status().stages[0].stages, functions);
    assert!(
        fused
            .pipeline()
            .edges()
            .iter()
            .all(|edge| edge.lane() == Lane::Fused)
    );
    assert_eq!(
        value(&fused, "straße").await,
        Value::String("<1><4>".into())
    );
    fused.remove().await.expect("removed");

    let pipeline = chain(&functions).build().expect("a pipeline");
    let grants = Grants::new().allow("env LANG value=C").expect("a rule");
    let apart = host
        .pipelines()
        .deploy(pipeline)
        .grants("count", grants)
        .await
        .expect("deployed");
    let units: Vec<Vec<String>> = apart
        .status()
        .stages
        .into_iter()
        .map(|stage| stage.stages)
        .collect();
    assert_eq!(
        units.len(),
        4,
        "grants of one stage are not shared: {units:?}"
    );
    for name in ["upper", "double", "spell"] {
        let grants = host
            .deployment(&format!("test:{name}"))
            .await
            .expect("deployed")
            .grants();
        assert_eq!(grants.allowed().count(), 0, "{name}");
    }
}

/// Passes texts of any kind through the same functions by every lane.
#[tokio::test(flavor = "multi_thread")]
async fn all_lanes_give_the_same() {
    let host = host();
    for functions in [
        &["upper", "count", "double", "spell"][..],
        &["describe", "render"],
        &["widen", "narrow"],
    ] {
        let fused = deploy(&host, chain(functions).name("fused")).await;
        assert_eq!(fused.status().stages.len(), 1);
        let apart = functions
            .iter()
            .fold(builder(), |builder, function| {
                builder.add_component_with(
                    *function,
                    stages(),
                    StageOptions::new().function(*function).concurrency(2),
                )
            })
            .name("apart");
        let apart = functions.windows(2).fold(apart, |builder, pair| {
            builder.connect(format!("{}.output", pair[0]), format!("{}.input", pair[1]))
        });
        let apart = deploy(&host, apart).await;
        assert_eq!(apart.status().stages.len(), functions.len());
        let mut runner = TestRunner::deterministic();
        for _ in 0..60 {
            let text = any::<String>()
                .new_tree(&mut runner)
                .expect("a text")
                .current();
            assert_eq!(
                value(&fused, text.as_str()).await,
                value(&apart, text.as_str()).await,
                "{text:?}"
            );
        }
        fused.remove().await.expect("removed");
        apart.remove().await.expect("removed");
    }
}

/// 64 KiB of bytes are never converted byte by byte.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_take_the_typed_lane() {
    let host = host();
    let pipeline = builder()
        .add_component_with("there", stages(), options_for("reverse"))
        .add_component_with("back", stages(), options_for("reverse"))
        .connect("there.output", "back.input");
    let pipeline = deploy(&host, pipeline).await;
    assert_eq!(pipeline.pipeline().edges()[0].lane(), Lane::Typed);
    let bytes: Vec<u8> = (0..64u32 << 10).map(|n| n as u8).collect();
    let item = pipeline
        .call(bytes.clone())
        .await
        .expect("one")
        .into_item()
        .expect("one");
    assert!(
        !format!("{item:?}").contains("Val"),
        "it was passed as bytes"
    );
    assert_eq!(item.into_bytes(), Some(bytes));
}
