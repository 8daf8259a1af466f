//! The end of a call through a link, as its error and its event report it.

use std::time::Duration;

use airssys_wasm_host::{CallEnd, ErrorKind, Instancing, Limits};

use super::may_call;
use crate::support::{failures, guest, host};

/// A callee that ends at the deadline of its caller has not reached its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_of_the_caller_is_not_reported_as_one_of_the_callee() {
    let host = host();
    let store = guest("store-v1").with_name("store").expect("a name");
    host.deploy(store).await.expect("deployed");
    let limits = Limits {
        call_deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    let caller = host
        .deploy(guest("store-caller"))
        .grants(may_call())
        .limits(limits)
        .instancing(Instancing::pooled(1))
        .await
        .expect("deployed");
    let mut events = host.events();
    let sleep = caller
        .function::<(u64,), ()>("sleep")
        .expect("an exported function");
    let error = sleep.call((60_000,)).await.expect_err("it takes longer");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    let failed = failures(&mut events);
    let (_, reason) = failed.first().expect("the callee is reported first");
    assert!(
        reason.contains("`store` revision 1") && reason.contains("its caller has no time left"),
        "{failed:?}"
    );
    assert!(
        failed.iter().all(|(_, reason)| !reason.contains("is 30s")),
        "{failed:?}"
    );
    assert_eq!(failed[0].0, CallEnd::DeadlineExceeded);
}
