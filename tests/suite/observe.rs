//! Events, status and output of guests.

use airssys_wasm_host::{Event, Host, Instancing, Limits};

use crate::support::{RecordedLines, deploy_greeter, greet, guest, start_parked_call};

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_order() {
    let (host, deployment) = deploy_greeter(Instancing::PerCall).await;
    let mut events = host.events();
    let promoted = host
        .update("greeter", guest("greeter-v2"))
        .await
        .expect("updated");
    // The end of a drain is reported once, however many callers wait for it.
    tokio::join!(promoted.drained(), promoted.drained());
    host.remove("greeter").await.expect("removed");
    let mut names = Vec::new();
    while let Some(event) = events.try_next() {
        names.push(match event {
            Event::RolloutStep { .. } => continue,
            Event::Switched { from, to, .. } => format!("switched {from} {to}"),
            Event::Drained { revision, .. } => format!("drained {revision}"),
            Event::Removed { .. } => "removed".into(),
            other => format!("{other:?}"),
        });
    }
    assert_eq!(names, ["switched 1 2", "drained 1", "removed", "drained 2"]);
    drop((host, deployment, promoted));
    assert_eq!(events.next().await, None, "the host was dropped");
}

/// The end of a drain is reported even if no caller waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_drain_is_reported_when_its_last_call_ends() {
    let host = crate::support::host();
    let sleeper = host.deploy(guest("limits-sleep")).await.expect("deployed");
    let parked = start_parked_call(&sleeper, 200).await;
    let mut events = host.events();
    drop(
        host.update("limits-sleep", guest("limits-sleep"))
            .any_version()
            .await
            .expect("updated"),
    );
    let drained = |event: &Event| matches!(event, Event::Drained { .. });
    assert!(
        !std::iter::from_fn(|| events.try_next()).any(|event| drained(&event)),
        "a call is in flight"
    );
    parked.await.expect("a task").expect("it slept");
    assert_eq!(
        std::iter::from_fn(|| events.try_next())
            .filter(drained)
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn status_reports_the_active_revision_and_its_grants() {
    let (host, deployment) = deploy_greeter(Instancing::pooled(2)).await;
    drop(
        host.update("greeter", guest("greeter-v2"))
            .limits(Limits {
                handles_max: 7,
                ..Limits::default()
            })
            .await
            .expect("updated"),
    );
    for _ in 0..5 {
        greet(&deployment)
            .call(("Ada".into(),))
            .await
            .expect("an answer");
    }
    let status = host.deployment("greeter").await.expect("deployed").status();
    assert_eq!(status.active.revision, 2);
    assert_eq!(
        status
            .active
            .version
            .map(|version| version.to_string())
            .as_deref(),
        Some("2.0.0")
    );
    assert_eq!(status.active.terms.limits.handles_max, 7);
    assert_eq!(
        status.active.terms.instancing,
        Instancing::pooled(2),
        "carried over from the previous revision"
    );
    assert_eq!(
        (
            status.calls_admitted,
            status.calls_in_flight,
            status.instances
        ),
        (5, 0, 1)
    );
    assert_eq!(status.revisions.len(), 2);
    assert_ne!(status.revisions[0].digest, status.revisions[1].digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn guest_output_is_logged_with_its_deployment() {
    let lines = RecordedLines::default();
    let host = Host::builder()
        .pooled_instances_max(50)
        .guest_log(lines.clone())
        .build()
        .expect("a host");
    let flood = host
        .deploy(guest("limits-flood-stdout"))
        .name("printer")
        .await
        .expect("deployed");
    flood
        .dynamic_function("flood")
        .expect("an exported function")
        .call_wave("(2, 3)")
        .await
        .expect("printed");
    assert_eq!(
        lines.all(&host).await,
        ["printer#1 Stdout: xxx", "printer#1 Stdout: xxx"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn list_contains_every_deployment() {
    let (host, _) = deploy_greeter(Instancing::PerCall).await;
    host.deploy(guest("plain-bindgen")).await.expect("deployed");
    let names: Vec<_> = host
        .deployments()
        .list()
        .await
        .expect("listed")
        .iter()
        .map(|deployment| deployment.name().to_string())
        .collect();
    assert_eq!(names, ["greeter", "plain-bindgen"]);
}
