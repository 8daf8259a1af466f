//! What is wrong is said before anything runs, and leaves nothing behind.

use std::future::IntoFuture;

use airssys_wasm_host::pipeline::Item;
use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{ErrorKind, Value};

use super::{builder, chain, deploy, of, stages};
use crate::support::{guest, host};

#[tokio::test(flavor = "multi_thread")]
async fn items_of_another_type_are_refused() {
    let host = host();
    let pipeline = deploy(&host, chain(&["double", "spell"])).await;
    for item in [Item::from("two"), Item::from(2u64), Item::from(Value::String("two".into()))] {
        let error = pipeline.call(item).await.expect_err("no u32");
        assert_eq!(error.kind(), ErrorKind::TypeMismatch);
        assert!(error.to_string().contains("`double.n`"), "{error}");
    }
    let none = airssys_wasm_host::pipeline::Inputs::default();
    assert_eq!(pipeline.call(none).await.expect_err("no item").kind(), ErrorKind::TypeMismatch);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_cannot_be_deployed_leaves_no_pipeline_behind() {
    let host = host();
    let pipeline = builder()
        .add_component_with("first", stages(), of("upper").concurrency(2))
        .add_component("second", guest("import-missing"))
        .connect("first.output", "second.input")
        .build()
        .expect("a pipeline");
    let error = host.deploy_pipeline(pipeline).await.expect_err("nobody provides an import");
    assert_eq!(error.kind(), ErrorKind::MissingImport, "{error}");
    assert!(host.list().is_empty() && host.pipeline("test").is_none());
    deploy(&host, chain(&["double", "spell"])).await;
    let again = host.deploy_pipeline(chain(&["double", "spell"]).build().expect("a pipeline")).await;
    assert_eq!(again.expect_err("taken").kind(), ErrorKind::NameTaken);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_a_stage_that_is_not_there_is_an_error() {
    let host = host();
    let pipeline = chain(&["double", "spell"]).build().expect("a pipeline");
    let error = host.deploy_pipeline(pipeline).grants("dubble", Grants::new()).await.expect_err("no stage");
    assert_eq!(error.kind(), ErrorKind::InvalidPipeline);
    assert_eq!(error.to_string(), "`test` has no stage `dubble`");
}

/// A deployment that is dropped at any time leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_is_dropped_leaves_nothing_behind() {
    let host = host();
    for milliseconds in [0, 1, 3, 10, 30, 100] {
        let stages = chain(&["upper", "count", "double", "spell"]).build().expect("a pipeline");
        let deploy = host.deploy_pipeline(stages).grants("count", Grants::new());
        let time = std::time::Duration::from_millis(milliseconds);
        if let Ok(deployed) = tokio::time::timeout(time, deploy.into_future()).await {
            deployed.expect("deployed").remove().await.expect("removed");
        }
        assert!(host.list().is_empty() && host.pipeline("test").is_none(), "{:?}", host.list());
    }
}
