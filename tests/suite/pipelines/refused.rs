//! Mistakes are reported before anything runs, and leave nothing behind.

use std::future::IntoFuture;

use airssys_wasm_host::pipeline::Item;
use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{ErrorKind, Value};
use futures_util::{TryStreamExt as _, stream};

use super::{builder, chain, deploy, options_for, stages};
use crate::support::{guest, host};

#[tokio::test(flavor = "multi_thread")]
async fn items_of_another_type_are_refused() {
    let host = host();
    let pipeline = deploy(&host, chain(&["double", "spell"])).await;
    let described = deploy(&host, chain(&["describe"]).name("other")).await;
    let note = described
        .call("so it goes")
        .await
        .expect("one")
        .into_item()
        .expect("one");
    let record = "record { text: string, words: list<string>, mood: variant { calm(f32) }, marks: flags {  } }";
    for (item, what) in [
        (Item::from("two"), "string"),
        (Item::from(2u64), "u64"),
        (Item::from(vec![2u8]), "list<u8>"),
        (Item::from(Value::String("two".into())), "string"),
        (note, record),
    ] {
        let error = pipeline.call(item).await.expect_err("no u32");
        assert_eq!(error.kind(), ErrorKind::TypeMismatch);
        let expected = format!("`test`: input `double.n` takes `u32`, but was given `{what}`");
        assert_eq!(error.to_string(), expected);
    }
    let run = pipeline.run(stream::iter([Item::from(1u32), Item::from("two")]));
    let error = run.try_collect::<Vec<_>>().await.expect_err("the second");
    let expected = "item 1 of `test`: input `double.n` takes `u32`, but was given `string`";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_another_type_is_named() {
    let host = host();
    let pipeline = deploy(&host, chain(&["render"])).await;
    let words = Value::List(vec![Value::from("so"), Value::from(2u32)]);
    let mood = Value::Variant("none".into(), None);
    let fields = [
        ("text", "so".into()),
        ("words", words),
        ("mood", mood),
        ("marks", Value::Flags(vec![])),
    ];
    let note = Value::Record(
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
    );
    let error = pipeline
        .call(Item::from(note))
        .await
        .expect_err("a number among words");
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
    assert!(
        error
            .to_string()
            .starts_with("`test`: input `render.note` takes `record {"),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .ends_with("at `words.1`: expected `string`, found `u32`"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_items_other_than_inputs_is_refused() {
    let host = host();
    let pipeline = deploy(&host, chain(&["add"])).await;
    let error = pipeline.call(1u32).await.expect_err("one is missing");
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
    let ports = "it takes an item for each of `add.a`, `add.b`";
    assert_eq!(
        error.to_string(),
        format!("`test`: {ports}, but 1 item was given; collect them into `Inputs`")
    );
    let error = pipeline
        .run_sources()
        .try_collect::<Vec<_>>()
        .await
        .expect_err("both are missing");
    assert!(
        error.to_string().contains("but 0 items were given"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_cannot_be_deployed_leaves_no_pipeline_behind() {
    let host = host();
    let pipeline = builder()
        .add_component_with("first", stages(), options_for("upper").concurrency(2))
        .add_component("second", guest("import-missing"))
        .connect("first.output", "second.input")
        .build()
        .expect("a pipeline");
    let error = host
        .pipelines()
        .deploy(pipeline)
        .await
        .expect_err("nothing provides an import");
    assert_eq!(error.code(), "missing-import", "{error}");
    assert!(
        host.deployments().list().await.expect("listed").is_empty()
            && host.pipelines().get("test").await.is_err()
    );
    deploy(&host, chain(&["double", "spell"])).await;
    let again = host
        .pipelines()
        .deploy(chain(&["double", "spell"]).build().expect("a pipeline"))
        .await;
    assert_eq!(again.expect_err("taken").code(), "name-taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_for_a_missing_stage_are_an_error() {
    let host = host();
    let pipeline = chain(&["double", "spell"]).build().expect("a pipeline");
    let error = host
        .pipelines()
        .deploy(pipeline)
        .grants("dubble", Grants::new())
        .await
        .expect_err("no stage");
    assert_eq!(error.kind(), ErrorKind::InvalidPipeline);
    assert_eq!(error.to_string(), "`test` has no stage `dubble`");
}

/// A deployment dropped at any time leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_is_dropped_leaves_nothing_behind() {
    let host = host();
    for milliseconds in [0, 1, 3, 10, 30, 100] {
        let stages = chain(&["upper", "count", "double", "spell"])
            .build()
            .expect("a pipeline");
        let deploy = host
            .pipelines()
            .deploy(stages)
            .grants("count", Grants::new());
        let time = std::time::Duration::from_millis(milliseconds);
        if let Ok(deployed) = tokio::time::timeout(time, deploy.into_future()).await {
            deployed.expect("deployed").remove().await.expect("removed");
        }
        assert!(
            host.deployments().list().await.expect("listed").is_empty()
                && host.pipelines().get("test").await.is_err(),
            "{:?}",
            host.deployments().list().await.expect("listed")
        );
    }
}

/// A stale handle does not remove a pipeline that was deployed under the same name later.
#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_is_not_removed_twice() {
    let host = host();
    let first = deploy(&host, chain(&["double"])).await;
    let kept = first.clone();
    first.remove().await.expect("removed");
    let second = deploy(&host, chain(&["double"])).await;
    let error = kept.remove().await.expect_err("it was removed already");
    assert_eq!(error.kind(), ErrorKind::NotDeployed, "{error}");
    assert_eq!(
        second
            .call(2u32)
            .await
            .expect("it is deployed")
            .outputs
            .len(),
        1
    );
}
