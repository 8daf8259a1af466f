//! Pipelines are restored with the settings of their stages.

use std::future::IntoFuture as _;
use std::path::Path;
use std::time::Duration;

use airssys_wasm_host::pipeline::{
    ComponentPipeline, DeadLetter, OnError, PipelineDeployment, StageOptions,
};
use airssys_wasm_host::{Component, Effect, ErrorKind, Host, RolloutProbe};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{blobs, builder, host, temp_directory};
use crate::pipelines::{multiplier, number};
use crate::support::guest;

/// Returns a pipeline that multiplies by two and three in fused stages, and then by five in a
/// separate one.
fn three_stages() -> ComponentPipeline {
    ComponentPipeline::builder()
        .name("sums")
        .add_component("first", multiplier(2, "1.0.0"))
        .add_component("second", multiplier(3, "1.0.0"))
        .add_component_with(
            "third",
            multiplier(5, "1.0.0"),
            StageOptions::new().concurrency(2),
        )
        .connect("first.output", "second.input")
        .connect("second.output", "third.input")
        .build()
        .expect("a pipeline")
}

async fn result(pipeline: &PipelineDeployment, item: u32) -> u32 {
    number(pipeline.call(item).await.expect("an outcome"))
}

async fn restored(host: &Host) -> PipelineDeployment {
    host.pipelines()
        .get("sums")
        .await
        .expect("the pipeline is deployed")
}

async fn update(host: &Host, stage: &str, component: Component) {
    let pipeline = restored(host).await;
    pipeline
        .update(stage, component)
        .await
        .expect("updated, and fused again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_is_restored_with_its_stages() {
    let place = temp_directory();
    let first = host(place.path());
    let deployed = first
        .pipelines()
        .deploy(three_stages())
        .await
        .expect("deployed");
    assert_eq!(
        deployed.status().stages.len(),
        2,
        "two are fused: {:?}",
        deployed.status()
    );
    assert_eq!(result(&deployed, 1).await, 30);
    drop((deployed, first));

    let second = host(place.path());
    assert_eq!(second.pipelines().names().await.expect("listed").len(), 1);
    let taken = second
        .pipelines()
        .deploy(three_stages())
        .await
        .map(drop)
        .expect_err("the name is taken");
    assert_eq!(taken.code(), "name-taken");
    assert_eq!(result(&restored(&second).await, 1).await, 30);
    update(&second, "third", multiplier(7, "1.1.0")).await;
    update(&second, "second", multiplier(11, "1.1.0")).await;
    assert_eq!(result(&restored(&second).await, 1).await, 154);
    drop(second);

    let third = host(place.path());
    assert_eq!(result(&restored(&third).await, 1).await, 154);
    let definition = restored(&third).await.pipeline().definition().to_toml();
    assert_eq!(definition.matches("times@1.1.0").count(), 2, "{definition}");
    let error = third
        .update("sums:third", multiplier(9, "1.2.0"))
        .await
        .map(drop)
        .expect_err("not by its name");
    assert_eq!(error.kind(), ErrorKind::InUse);
    third.rollback("sums:third").await.expect("rolled back");
    third
        .rollback("sums:first")
        .await
        .expect("what is fused is rolled back as one");
    assert_eq!(
        version(&third, "third").await,
        "1.0.0",
        "the pipeline reports the active revision"
    );
    update(&third, "first", multiplier(2, "1.3.0")).await;
    assert_eq!(version(&third, "second").await, "1.0.0");
    assert_eq!(result(&restored(&third).await, 1).await, 30);
    drop(third);

    let fourth = host(place.path());
    assert_eq!(result(&restored(&fourth).await, 1).await, 30);
    assert_eq!(
        version(&fourth, "second").await,
        "1.0.0",
        "the fused components are recorded"
    );
}

async fn version(host: &Host, stage: &str) -> String {
    let pipeline = restored(host).await.pipeline();
    pipeline
        .stage(stage)
        .expect("deployed")
        .component()
        .version()
        .expect("it says one")
        .to_string()
}

/// A deployment dropped at any time exists wholly or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_deployment_leaves_all_or_nothing() {
    let place = temp_directory();
    let host = host(place.path());
    for milliseconds in [0, 2, 5, 10, 20, 40, 60, 80, 120, 200] {
        let deploy = host.pipelines().deploy(three_stages()).into_future();
        let deployed = tokio::time::timeout(Duration::from_millis(milliseconds), deploy).await;
        // A write in progress completes.
        tokio::time::sleep(Duration::from_millis(300)).await;
        if host.pipelines().names().await.expect("listed").is_empty() {
            assert!(deployed.is_err());
            assert!(
                host.deployments()
                    .summaries()
                    .await
                    .expect("listed")
                    .is_empty(),
                "after {milliseconds} ms: {:?}",
                host.deployments().summaries().await.expect("listed")
            );
        } else {
            assert_eq!(result(&restored(&host).await, 1).await, 30);
            host.pipelines().remove("sums").await.expect("removed");
        }
        assert_eq!(blobs(place.path()), 0, "after {milliseconds} ms");
    }
}

/// A probe that reports when the switch of the third stage is about to be written.
struct SwitchNotifier(UnboundedSender<()>);

impl RolloutProbe for SwitchNotifier {
    fn before<'a>(
        &'a self,
        component: &'a airssys_wasm_host::ComponentName,
        effect: Effect,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        if component.as_str() == "sums:third" && effect == Effect::Switch {
            // The test may have been notified before.
            let _ = self.0.send(());
        }
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_written_while_its_pipeline_is_dropped_is_removed() {
    let place = temp_directory();
    let (begun, mut waits) = unbounded_channel();
    let host = builder(place.path())
        .rollout_probe(SwitchNotifier(begun))
        .build()
        .expect("a host");
    tokio::select! {
        biased;
        // Polling the deployment reports the switch and continues until the switch is carried out
        // on another thread. Then the deployment is dropped and not polled again.
        _ = host.pipelines().deploy(three_stages()).into_future() => panic!("the deployment is dropped first"),
        begun = waits.recv() => begun.expect("it begins"),
    }
    // The name of a stage is taken until the write in progress has completed and the stage has been
    // removed again.
    let again = async {
        loop {
            match host.pipelines().deploy(three_stages()).await {
                Ok(pipeline) => break pipeline,
                Err(error) => assert_eq!(error.code(), "name-taken", "{error}"),
            }
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(30), again)
        .await
        .expect("the stage is removed");
    again.remove().await.expect("removed");
    assert!(
        host.deployments()
            .summaries()
            .await
            .expect("listed")
            .is_empty(),
        "{:?}",
        host.deployments().summaries().await.expect("listed")
    );
    assert_eq!(blobs(place.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_are_removed_only_with_their_pipeline() {
    let place = temp_directory();
    let first = host(place.path());
    first
        .pipelines()
        .deploy(three_stages())
        .await
        .expect("deployed");
    drop(first);
    let second = host(place.path());
    let error = second
        .remove("sums:third")
        .await
        .expect_err("the pipeline has not been loaded yet");
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert_eq!(
        error.to_string(),
        "`sums:third` is a stage of the pipeline `sums`: remove the pipeline instead"
    );
    second.pipelines().remove("sums").await.expect("removed");
    let error = second.pipelines().get("sums").await.expect_err("removed");
    assert_eq!(error.kind(), ErrorKind::NotDeployed);
    assert!(
        second
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .is_empty()
            && second.pipelines().names().await.expect("listed").is_empty()
    );
    assert_eq!(blobs(place.path()), 0);
    drop(second);
    let third = host(place.path());
    assert!(
        third
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .is_empty()
            && third.pipelines().names().await.expect("listed").is_empty()
    );
    third
        .pipelines()
        .deploy(three_stages())
        .await
        .expect("the names are free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_cannot_be_deployed_leaves_nothing() {
    let place = temp_directory();
    let first = host(place.path());
    let (sender, _letters) = unbounded_channel::<DeadLetter>();
    let error = first
        .pipelines()
        .deploy(three_stages())
        .dead_letters(sender)
        .await
        .expect_err("not for ever");
    assert!(
        error.to_string().contains("HostBuilder::dead_letters"),
        "{error}"
    );
    drop(
        first
            .deploy(guest("greeter-v1"))
            .name("sums:third")
            .await
            .expect("deployed"),
    );
    let error = first
        .pipelines()
        .deploy(three_stages())
        .await
        .expect_err("a name is taken");
    assert_eq!(error.code(), "name-taken");
    drop(first);
    let second = host(place.path());
    assert_eq!(
        second
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .len(),
        1
    );
    assert_eq!(blobs(place.path()), 1);
}

/// A probe that never lets the third stage switch.
struct BlockingProbe;

impl RolloutProbe for BlockingProbe {
    fn before<'a>(
        &'a self,
        component: &'a airssys_wasm_host::ComponentName,
        effect: Effect,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            if component.as_str() == "sums:third" && effect == Effect::Switch {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }
}

/// The state that a process leaves behind when it is killed after persisting some stages.
#[tokio::test(flavor = "multi_thread")]
async fn a_half_deployed_pipeline_is_gone_after_a_restart() {
    let place = temp_directory();
    let first = builder(place.path())
        .rollout_probe(BlockingProbe)
        .build()
        .expect("a host");
    let stuck = first.pipelines().deploy(three_stages()).into_future();
    let stuck = tokio::time::timeout(Duration::from_secs(3), stuck);
    let left = super::temp_directory();
    let copied = async {
        while first
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .is_empty()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        copy(&place.path().join("state"), &left.path().join("state"));
    };
    let (stuck, ()) = tokio::join!(stuck, copied);
    assert!(stuck.is_err(), "the deployment does not complete");
    assert!(
        first
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .is_empty(),
        "nothing is left of a dropped deployment"
    );
    let second = host(left.path());
    assert!(
        second
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .is_empty()
            && second.pipelines().names().await.expect("listed").is_empty()
    );
    assert_eq!(blobs(left.path()), 0);
    assert!(
        second
            .deployments()
            .history()
            .await
            .expect("a history")
            .is_empty()
    );
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("created");
    for entry in std::fs::read_dir(from)
        .expect("readable")
        .map(|entry| entry.expect("an entry"))
    {
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copied");
        }
        std::fs::set_permissions(&target, entry.metadata().expect("known").permissions())
            .expect("the same");
    }
    std::fs::set_permissions(to, std::fs::metadata(from).expect("known").permissions())
        .expect("the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_with_a_damaged_stage_reports_it_and_can_be_removed() {
    let place = temp_directory();
    let first = host(place.path());
    first
        .pipelines()
        .deploy(three_stages())
        .await
        .expect("deployed");
    drop(first);
    let blob = place
        .path()
        .join("state/components/blobs/sha256")
        .join(multiplier(5, "1.0.0").digest().to_hex());
    std::fs::write(blob, "other").expect("damaged");
    let second = host(place.path());
    let error = second.pipelines().get("sums").await.expect_err("damaged");
    assert_eq!(error.kind(), ErrorKind::StateDamaged);
    let told = error.to_string();
    assert!(
        told.contains("`sums`")
            && told.contains("`sums:third`")
            && told.contains("its bytes are lost"),
        "{told}"
    );
    let error = second
        .remove("sums:third")
        .await
        .expect_err("the blob may be repaired");
    assert_eq!(error.kind(), ErrorKind::InUse);
    second.pipelines().remove("sums").await.expect("removed");
    assert!(
        second
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .is_empty()
            && second.pipelines().names().await.expect("listed").is_empty()
    );
    let error = second
        .pipelines()
        .remove("sums")
        .await
        .expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::NotDeployed);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_go_to_the_sink_of_the_host() {
    let place = temp_directory();
    let stage = StageOptions::new()
        .function("parse")
        .on_error(OnError::DeadLetter);
    let pipeline = ComponentPipeline::builder()
        .name("sums")
        .add_component_with("parse", guest("plain-stages"), stage)
        .build()
        .expect("a pipeline");
    let first = host(place.path());
    let error = first
        .pipelines()
        .deploy(pipeline.clone())
        .await
        .expect_err("no dead-letter sink is set");
    assert_eq!(error.kind(), ErrorKind::InvalidPipeline);
    drop(first);
    let with = |place: &Path| {
        let (sender, letters) = unbounded_channel::<DeadLetter>();
        (
            builder(place).dead_letters(sender).build().expect("a host"),
            letters,
        )
    };
    let (second, _) = with(place.path());
    second.pipelines().deploy(pipeline).await.expect("deployed");
    drop(second);
    let nobody = host(place.path());
    let error = nobody
        .pipelines()
        .get("sums")
        .await
        .expect_err("they would be lost");
    assert!(
        error.to_string().contains("they have no receiver"),
        "{error}"
    );
    drop(nobody);
    let (third, mut letters) = with(place.path());
    let outcome = restored(&third)
        .await
        .call("two")
        .await
        .expect("an outcome with a dead letter");
    assert!(outcome.outputs.is_empty());
    assert_eq!(letters.try_recv().expect("one").stage, "parse");
}
