//! Values of all kinds pass between components, and failures of the callee are reported.

use airssys_wasm_host::{ErrorKind, Instancing};

use super::{deploy_linked, may_call};
use crate::support::{guest, host};

#[tokio::test]
async fn values_pass_in_both_lanes() {
    let (host, caller) = deploy_linked(Instancing::pooled(2)).await;
    let add = caller
        .function::<(u32, u32), (u32,)>("add")
        .expect("an exported function");
    assert_eq!(add.call((20, 22)).await.expect("an answer"), (42,));
    let echo = caller
        .function::<(Vec<u8>,), (Vec<u8>,)>("echo")
        .expect("an exported function");
    let bytes: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    assert_eq!(
        echo.call((bytes.clone(),)).await.expect("an answer"),
        (bytes,)
    );
    let describe = caller
        .function::<(String, Vec<String>), (Vec<String>,)>("describe")
        .expect("an exported function");
    let (told,) = describe
        .call(("k".into(), vec!["a".into(), "b".into()]))
        .await
        .expect("an answer");
    assert_eq!(told, ["b", "a", "k", "Some(7)"]);
    let check = caller
        .function::<(String,), (Result<String, String>,)>("check")
        .expect("an exported function");
    assert_eq!(
        check.call((String::new(),)).await.expect("an answer").0,
        Err("the key is empty".into())
    );
    let links = host
        .deployment("store-caller")
        .await
        .expect("deployed")
        .status()
        .links;
    assert_eq!(links["acme:store/kv"].as_str(), "store");
}

/// A trap of the callee ends the caller's call, and neither instance is used again.
#[tokio::test]
async fn a_trap_of_the_callee_is_reported_to_the_caller() {
    let (_host, caller) = deploy_linked(Instancing::pooled(1)).await;
    let trap = caller
        .function::<(), ()>("trap")
        .expect("an exported function");
    for _ in 0..3 {
        let error = trap.call(()).await.expect_err("a trap");
        assert_eq!(error.kind(), ErrorKind::Trapped);
        let message = error.to_string();
        assert!(
            message.contains("`trap` of `store-caller` revision 1"),
            "{message}"
        );
        assert!(
            message.contains("`acme:store/kv@1.2.0#trap` of `store` revision 1"),
            "{message}"
        );
    }
    let add = caller
        .function::<(u32, u32), (u32,)>("add")
        .expect("an exported function");
    assert_eq!(add.call((1, 2)).await.expect("an answer"), (3,));
}

/// The callee has no more time than its caller.
#[tokio::test]
async fn a_callee_ends_with_its_callers_deadline() {
    let host = host();
    let store = guest("store-v1").with_name("store").expect("a name");
    let store = host.deploy(store).await.expect("deployed");
    let call_deadline = std::time::Duration::from_millis(200);
    let limits = airssys_wasm_host::Limits {
        call_deadline,
        ..Default::default()
    };
    let caller = host
        .deploy(guest("store-caller"))
        .grants(may_call())
        .limits(limits)
        .await
        .expect("deployed");
    let sleep = caller
        .function::<(u64,), ()>("sleep")
        .expect("an exported function");
    let begun = std::time::Instant::now();
    let error = sleep.call((20_000,)).await.expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    while store.status().calls_in_flight > 0 {
        tokio::task::yield_now().await;
    }
}
