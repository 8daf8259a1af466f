//! Many kinds of components run: two engine profiles, the instance pool and components that exceed
//! it.

use airssys_wasm_host::{Event, Host, Instancing};

use crate::support::{guest, host, wat_file};

#[tokio::test(flavor = "multi_thread")]
async fn a_component_with_async_exports_runs_beside_plain_ones() {
    let host = host();
    let component = guest("async-exports");
    assert!(component.uses_async());
    assert!(!guest("plain-bindgen").uses_async());
    let deployment = host
        .deploy(component)
        .instancing(Instancing::pooled(2))
        .await
        .expect("deployed");
    let plain = host.deploy(guest("plain-bindgen")).await.expect("deployed");
    let greet = deployment
        .function::<(String,), (String,)>("greet")
        .expect("an exported function");
    let give_way = deployment
        .dynamic_function("give-way")
        .expect("an exported function");
    let add = plain
        .function::<(u32, u32), (u32,)>("add")
        .expect("an exported function");
    for _ in 0..3 {
        assert_eq!(
            greet.call(("Ada".into(),)).await.expect("an answer").0,
            "Hello, Ada!"
        );
        assert_eq!(
            give_way
                .call_wave("(5)")
                .await
                .expect("an answer")
                .as_deref(),
            Some("5")
        );
        assert_eq!(add.call((1, 2)).await.expect("an answer").0, 3);
    }
    drop(
        host.update(deployment.name().as_str(), guest("async-exports"))
            .any_version()
            .await
            .expect("updated"),
    );
    assert_eq!(
        greet.call(("Ada".into(),)).await.expect("an answer").0,
        "Hello, Ada!"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_exceeds_the_pool_runs_as_well() {
    let host = host();
    let mut events = host.events();
    let large = host
        .deploy(wat_file("large-table"))
        .await
        .expect("deployed");
    let answer = large
        .function::<(), (u32,)>("answer")
        .expect("an exported function");
    assert_eq!(answer.call(()).await.expect("an answer").0, 42);
    assert!(!large.status().active.pooled);
    let told = std::iter::from_fn(|| events.try_next())
        .any(|event| matches!(event, Event::AllocatedOnDemand { .. }));
    assert!(told);
    let small = host
        .deploy(wat_file("answers-u32"))
        .await
        .expect("deployed");
    assert!(small.status().active.pooled);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_instances_than_the_pool_has_slots_are_allocated_on_demand() {
    let host = Host::builder()
        .pooled_instances_max(2)
        .build()
        .expect("a host");
    let sleep = host.deploy(guest("limits-sleep")).await.expect("deployed");
    let function = sleep
        .function::<(u64,), ()>("sleep")
        .expect("an exported function");
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let function = function.clone();
            tokio::spawn(async move { function.call((100,)).await })
        })
        .collect();
    for call in calls {
        call.await.expect("a task").expect("none is refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_share_nothing() {
    let (first, second) = (host(), host());
    first.deploy(guest("greeter-v1")).await.expect("deployed");
    assert_eq!(second.deployments().list().await.expect("listed").len(), 0);
    second
        .deploy(guest("greeter-v2"))
        .await
        .expect("the same name");
    drop(first);
    let greet = crate::support::greet(&second.deployment("greeter").await.expect("deployed"));
    assert_eq!(
        greet.call(("Ada".into(),)).await.expect("an answer").0,
        "Good day, Ada!"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_deployments_of_the_same_bytes_share_their_code() {
    let host = host();
    let component = guest("greeter-v1");
    for number in 0..1_000 {
        host.deploy(component.clone())
            .name(format!("greeter-{number}"))
            .await
            .expect("deployed");
    }
    let last = crate::support::greet(&host.deployment("greeter-999").await.expect("deployed"));
    assert_eq!(
        last.call(("Ada".into(),)).await.expect("an answer").0,
        "Hello, Ada!"
    );
}

#[test]
fn sections_embedded_by_the_sdk_are_read_back() {
    let greeter = guest("greeter-v1");
    assert_eq!(greeter.name().map(|name| name.as_str()), Some("greeter"));
    assert_eq!(
        greeter.version().map(ToString::to_string).as_deref(),
        Some("1.0.0")
    );
    assert_eq!(greeter.description(), Some("Greets."));
    assert_eq!(
        guest("state-counter").instancing(),
        Some(Instancing::Stateful)
    );
    let plain = guest("plain-bindgen");
    assert_eq!((plain.version(), plain.description()), (None, None));
}
