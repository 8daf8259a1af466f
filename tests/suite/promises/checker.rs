//! The checker detects swaps that are broken on purpose. Without this, the other tests would prove
//! nothing.

use airssys_wasm_host::Instancing;
use airssys_wasm_tests::load::{Answer, Load, Timeline, check};

use crate::support::{GreetFunction, deploy_greeter, greet, greet_with_id, guest};

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_by_remove_and_deploy_drops_calls() {
    let (host, _) = deploy_greeter(Instancing::pooled(4)).await;
    let mut timeline = Timeline::starting_with("v1");
    let callers = host.clone();
    let load = Load::start(&timeline, 4, None, move |id| {
        let host = callers.clone();
        async move {
            let deployment = host
                .deployment("greeter")
                .await
                .map_err(|error| error.to_string())?;
            let greet = deployment
                .function("demo:greeter/api#greet")
                .map_err(|error| error.to_string())?;
            greet_with_id(greet, id).await
        }
    });
    load.wait_for_calls(500).await;
    let begun = timeline.now();
    host.remove("greeter").await.expect("removed");
    host.deploy(guest("greeter-v2")).await.expect("deployed");
    timeline.record_switch("v2", begun);
    load.wait_for_calls(load.calls_made() + 200).await;
    let verdict = check(&timeline.with_calls(load.stop().await));
    assert!(verdict.dropped > 0, "{verdict:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_some_calls_miss_answers_with_the_wrong_revision() {
    let (host, old) = deploy_greeter(Instancing::pooled(4)).await;
    let new = host
        .deploy(guest("greeter-v2"))
        .name("greeter-new")
        .await
        .expect("deployed");
    let mut timeline = Timeline::starting_with("v1");
    let (old, new) = (greet(&old), greet(&new));
    let switched = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&switched);
    let load = Load::start(&timeline, 4, None, move |id| {
        // One call in seven misses the switch.
        let moved = seen.load(std::sync::atomic::Ordering::SeqCst) && id % 7 != 0;
        answer(if moved { new.clone() } else { old.clone() }, id)
    });
    load.wait_for_calls(500).await;
    let begun = timeline.now();
    switched.store(true, std::sync::atomic::Ordering::SeqCst);
    timeline.record_switch("v2", begun);
    load.wait_for_calls(load.calls_made() + 500).await;
    let verdict = check(&timeline.with_calls(load.stop().await));
    assert!(verdict.wrong_revision > 0, "{verdict:#?}");
    assert_eq!(verdict.dropped, 0);
}

async fn answer(greet: GreetFunction, id: u64) -> Answer {
    greet_with_id(greet, id).await
}
