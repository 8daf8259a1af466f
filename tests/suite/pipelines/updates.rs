//! A stage is replaced while items pass through it: no item is lost or processed twice, and
//! incompatible replacements are refused.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use airssys_wasm_host::pipeline::{Inputs, Item, PipelineDeployment, StageOptions, UpdateStage};
use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{
    Approval, Capability, Effect, Enforcement, ErrorKind, Event, Events, Instancing, Limits,
    Requests, Strategy,
};
use futures_util::future::OptionFuture;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{builder, deploy, multiplier, number, options_for, stages, two_stages};
use crate::support::{guest, host, wat};

fn unfused() -> StageOptions {
    StageOptions::new().concurrency(2)
}

/// Sends items from 1 on and replaces a stage meanwhile: every item results in itself times `old`
/// or times `new`, and both occur. Some items are sent after the update, however long it takes.
async fn assert_replaced_under_load(
    pipeline: &PipelineDeployment,
    update: UpdateStage<'_>,
    old: u32,
    new: u32,
) {
    let (sent, last) = (
        Arc::new(AtomicU32::new(0)),
        Arc::new(AtomicU32::new(u32::MAX)),
    );
    let (counted, until) = (Arc::clone(&sent), Arc::clone(&last));
    let items = stream::iter(1..u32::MAX).then(move |n| {
        counted.store(n, Ordering::SeqCst);
        let pause = n
            .is_multiple_of(20)
            .then(|| tokio::time::sleep(Duration::from_millis(1)));
        async move {
            OptionFuture::from(pause).await;
            n
        }
    });
    let run = pipeline.run(items.take_while(move |n| ready(*n <= until.load(Ordering::SeqCst))));
    let read = tokio::spawn(async move { run.map_ok(number).try_collect::<Vec<u32>>().await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    update.await.expect("updated").drained().await;
    let all = sent.load(Ordering::SeqCst) + 1_000;
    last.store(all, Ordering::SeqCst);
    let numbers = read.await.expect("a reader").expect("no item fails");
    assert_eq!(numbers.len(), all as usize);
    let switched = numbers
        .iter()
        .zip(1..)
        .position(|(number, n)| *number == n * new)
        .expect("it was replaced");
    assert!(switched > 0, "some items passed through the old component");
    for (number, n) in numbers.into_iter().zip(1u32..) {
        assert!(
            number == n * old || number == n * new,
            "item {n} gave {number}"
        );
    }
}

/// Asserts that the update followed its strategy: only `Recreate` makes items wait.
fn assert_followed(strategy: Strategy, mut events: Events) {
    let told = std::iter::from_fn(|| events.try_next());
    let pauses = told.filter(|event| {
        matches!(
            event,
            Event::RolloutStep {
                effect: Effect::Pause,
                ..
            }
        )
    });
    assert_eq!(
        pauses.count(),
        usize::from(strategy == Strategy::Recreate),
        "{strategy:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_replaced_under_load() {
    for strategy in [Strategy::BlueGreen, Strategy::Recreate] {
        let host = host();
        let pipeline = deploy(&host, two_stages(unfused())).await;
        let events = host.events();
        assert_eq!(pipeline.status().stages.len(), 2);
        let update = pipeline
            .update("second", multiplier(100, "2.0.0"))
            .strategy(strategy);
        assert_replaced_under_load(&pipeline, update, 6, 200).await;
        assert_followed(strategy, events);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fused_stage_is_fused_again_under_load() {
    for strategy in [Strategy::BlueGreen, Strategy::Recreate] {
        let host = host();
        let pipeline = deploy(&host, two_stages(StageOptions::new())).await;
        let events = host.events();
        assert_eq!(pipeline.status().stages.len(), 1);
        let update = pipeline
            .update("second", multiplier(100, "2.0.0"))
            .strategy(strategy);
        assert_replaced_under_load(&pipeline, update, 6, 200).await;
        assert_followed(strategy, events);
    }
}

fn factor(factor: u32) -> Grants {
    Grants::new()
        .allow(&format!("env FACTOR value={factor}"))
        .expect("a rule")
}

/// The grants of a stage change together with the component, for the items that it then processes.
#[tokio::test(flavor = "multi_thread")]
async fn grants_of_a_stage_change_under_load() {
    for strategy in [Strategy::BlueGreen, Strategy::Recreate] {
        let host = host();
        let pipeline = builder()
            .add_component("first", multiplier(2, "1.0.0"))
            .add_component("scale", guest("pipeline-scale"))
            .connect("first.output", "scale.input")
            .build()
            .expect("a pipeline");
        let pipeline = host
            .pipelines()
            .deploy(pipeline)
            .grants("scale", factor(3))
            .await
            .expect("deployed");
        let events = host.events();
        let update = pipeline.update("scale", guest("pipeline-scale"));
        assert_replaced_under_load(
            &pipeline,
            update.grants(factor(100)).strategy(strategy),
            6,
            200,
        )
        .await;
        assert_followed(strategy, events);
        for (stage, rules) in [("test:scale", 1), ("test:first", 0)] {
            let deployment = host.deployment(stage).await.expect("deployed");
            assert_eq!(deployment.grants().allowed().count(), rules, "{stage}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_an_update_apply_to_its_stage() {
    let host = host();
    let pipeline = deploy(&host, two_stages(unfused())).await;
    let next = || multiplier(3, "2.0.0");
    let limits = Limits {
        call_deadline: Duration::from_secs(7),
        ..Limits::default()
    };
    let update = pipeline.update("second", next()).limits(limits.clone());
    let update = update
        .instancing(Instancing::pooled(3))
        .enforcement(Enforcement::AuditOnly);
    update.await.expect("updated");
    let deployment = host.deployment("test:second").await.expect("deployed");
    let serving = deployment.status().active;
    assert_eq!(
        (serving.terms.limits, serving.terms.instancing),
        (limits, Instancing::pooled(3))
    );
    assert!(
        deployment.learned().is_some(),
        "the stage runs in audit-only mode"
    );
    assert_eq!(
        host.deployment("test:first")
            .await
            .expect("deployed")
            .status()
            .active
            .revision,
        1
    );

    let other = Approval::new(&multiplier(4, "2.0.0"), Grants::new());
    let refused = pipeline
        .update("second", next())
        .approval(other)
        .await
        .expect_err("another component");
    assert_eq!(refused.kind(), ErrorKind::ApprovalMismatch);
    let refused = pipeline
        .update("second", next())
        .link("acme:store/kv", "No Name");
    let refused = refused.err().expect("no name");
    assert_eq!(refused.kind(), ErrorKind::InvalidName);
    let older = pipeline
        .update("second", multiplier(5, "1.5.0"))
        .await
        .expect_err("older");
    assert_eq!(older.kind(), ErrorKind::VersionNotNewer, "{older}");
    pipeline
        .update("second", multiplier(5, "1.5.0"))
        .any_version()
        .await
        .expect("a downgrade was allowed");
    assert_eq!(number(pipeline.call(1u32).await.expect("an outcome")), 10);
}

/// A link of a stage is set as for any component.
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_linked_to_another_deployment() {
    let host = host();
    let store = |name: &str| host.deploy(guest("store-v1").with_name(name).expect("a name"));
    store("one").await.expect("deployed");
    let pipeline = builder()
        .add_component_with("add", guest("store-caller"), options_for("add"))
        .build();
    let may_call = Grants::new().allow("call acme:store/kv").expect("a rule");
    let deploy = host
        .pipelines()
        .deploy(pipeline.expect("a pipeline"))
        .grants("add", may_call);
    let pipeline = deploy.await.expect("deployed");
    store("two").await.expect("deployed");
    let deployment = host.deployment("test:add").await.expect("deployed");
    let serves = || deployment.status().links["acme:store/kv"].to_string();
    assert_eq!(serves(), "one");
    let update = pipeline.update("add", guest("store-caller"));
    update
        .link("acme:store/kv", "two")
        .expect("a name")
        .await
        .expect("updated");
    assert_eq!(serves(), "two");
    let inputs: Inputs = [Item::from(20u32), Item::from(22u32)].into_iter().collect();
    assert_eq!(number(pipeline.call(inputs).await.expect("an outcome")), 42);
}

/// An update that requests more waits for approval, and continues with grants.
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_requests_more_waits_for_grants() {
    let host = host();
    let pipeline = deploy(&host, two_stages(unfused())).await;
    let requests = Requests::new([Capability::Env("FACTOR".into())]).expect("a request");
    let asking = multiplier(9, "2.0.0").with_requests(Requests::new([]).expect("none"));
    pipeline
        .update("second", asking)
        .await
        .expect("it requests nothing");
    let asking = || multiplier(9, "3.0.0").with_requests(requests.clone());
    let waits = pipeline.update("second", asking()).await.expect_err("more");
    assert_eq!(waits.kind(), ErrorKind::AwaitsApproval, "{waits}");
    let approval = Approval::new(&asking(), factor(1));
    pipeline
        .update("second", asking())
        .approval(approval)
        .await
        .expect("approved");
}

/// The grants were chosen before the rule was revoked.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_before_an_update_of_a_stage_persists() {
    let host = host();
    let pipeline = builder()
        .add_component("scale", guest("pipeline-scale"))
        .build()
        .expect("a pipeline");
    let pipeline = host
        .pipelines()
        .deploy(pipeline)
        .grants("scale", factor(3))
        .await
        .expect("deployed");
    let update = pipeline
        .update("scale", guest("pipeline-scale"))
        .grants(factor(3));
    crate::support::revoke(&host, "test:scale", "env FACTOR").await;
    update.await.expect("updated");
    let grants = host
        .deployment("test:scale")
        .await
        .expect("deployed")
        .grants();
    assert_eq!(grants.revoked().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn state_of_a_stage_is_lost_only_with_confirmation() {
    let host = host();
    let pipeline = builder()
        .add_component_with("remember", stages(), options_for("remember"))
        .build();
    let deploy = host.pipelines().deploy(pipeline.expect("a pipeline"));
    let pipeline = deploy
        .instancing("remember", Instancing::Stateful)
        .await
        .expect("deployed");
    let remembered = async |text: &str| {
        let outcome = pipeline.call(text).await.expect("an outcome");
        outcome
            .into_item()
            .and_then(Item::into_text)
            .expect("a text")
    };
    assert_eq!(
        (remembered("a").await, remembered("b").await),
        ("a".into(), "ab".into())
    );
    let refused = pipeline
        .update("remember", stages())
        .await
        .expect_err("it would be lost");
    assert_eq!(refused.kind(), ErrorKind::StateWouldBeLost, "{refused}");
    assert_eq!(remembered("c").await, "abc");
    pipeline
        .update("remember", stages())
        .discard_state()
        .await
        .expect("it may be lost");
    assert_eq!(remembered("d").await, "d");
}

/// Options of a single deployment do not apply where several stages share one.
#[tokio::test(flavor = "multi_thread")]
async fn options_that_fused_stages_cannot_have_are_refused() {
    let host = host();
    let pipeline = deploy(&host, two_stages(StageOptions::new())).await;
    let approval = Approval::new(&multiplier(4, "2.0.0"), Grants::new());
    let update = || pipeline.update("second", multiplier(4, "2.0.0"));
    for (method, update) in [
        ("grants", update().grants(Grants::new())),
        ("approval", update().approval(approval)),
        ("enforcement", update().enforcement(Enforcement::AuditOnly)),
        (
            "link",
            update().link("acme:store/kv", "store").expect("a name"),
        ),
        ("limits", update().limits(Limits::default())),
        ("instancing", update().instancing(Instancing::pooled(2))),
        ("discard_state", update().discard_state()),
    ] {
        let refused = update.await.expect_err(method);
        assert_eq!(refused.kind(), ErrorKind::InvalidPipeline, "{refused}");
        let said = format!(
            "stage `second` is fused with `first`: `{method}` cannot be set for a fused stage"
        );
        assert!(refused.to_string().starts_with(&said), "{refused}");
    }
    assert_eq!(
        number(
            pipeline
                .call(1u32)
                .await
                .expect("the pipeline keeps serving")
        ),
        6
    );
}

/// A component with state or access to anything shares its store with no other component.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_cannot_be_fused_replaces_no_fused_stage() {
    let host = host();
    let pipeline = deploy(&host, two_stages(StageOptions::new())).await;
    let requests = Requests::new([Capability::Env("FACTOR".into())]).expect("a request");
    let stateful = wat(
        "stateful",
        r#"(component
            (@custom "airssys:component" "airssys:component 1\nname kept\ninstancing stateful\n")
            (core module $m (func (export "step") (param i32) (result i32) local.get 0))
            (core instance $i (instantiate $m))
            (func (export "step") (param "n" u32) (result u32) (canon lift (core func $i "step"))))"#,
    );
    for (component, why) in [
        (stateful, "`second` is stateful"),
        (
            multiplier(4, "2.0.0").with_requests(requests),
            "`second` may use capabilities",
        ),
    ] {
        let refused = pipeline.update("second", component).await.expect_err(why);
        assert_eq!(refused.kind(), ErrorKind::InvalidPipeline, "{refused}");
        assert!(
            refused
                .to_string()
                .ends_with(&format!("it could not be fused with that component: {why}")),
            "{refused}"
        );
    }
    assert_eq!(
        number(
            pipeline
                .call(1u32)
                .await
                .expect("the pipeline keeps serving")
        ),
        6
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_breaks_an_edge_is_refused() {
    let host = host();
    let pipeline = deploy(&host, two_stages(unfused())).await;
    let other = wat(
        "other",
        r#"(component
            (core module $m (func (export "step") (param i64) (result i64) local.get 0))
            (core instance $i (instantiate $m))
            (func (export "step") (param "n" u64) (result u64) (canon lift (core func $i "step"))))"#,
    );
    let refused = pipeline
        .update("second", other.clone())
        .await
        .expect_err("another type");
    assert_eq!(refused.kind(), ErrorKind::InvalidPipeline);
    assert!(
        refused.to_string().contains("first.output") && refused.to_string().contains("u64"),
        "{refused}"
    );
    let refused = host
        .update("test:second", other)
        .any_version()
        .await
        .expect_err("not by its name");
    assert_eq!(refused.kind(), ErrorKind::InUse, "{refused}");
    let refused = pipeline
        .update("third", multiplier(1, "2.0.0"))
        .await
        .expect_err("no stage");
    assert!(
        refused.to_string().contains("there is no stage `third`"),
        "{refused}"
    );
    assert_eq!(
        number(
            pipeline
                .call(1u32)
                .await
                .expect("the pipeline keeps serving")
        ),
        6
    );
}
