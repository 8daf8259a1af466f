//! Operations of the host work although guests hold every blocking thread of the runtime.

use std::sync::mpsc;
use std::time::Duration;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Host, Instancing};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::support::{greet, guest};

/// Time after which a step counts as blocked.
const SOON: Duration = Duration::from_secs(30);

#[test]
fn deploys_and_revocations_need_no_thread_available_to_guests() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let (begun, has_begun) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || {
        begun.send(()).expect("the test waits for it");
        let _ = ended.recv();
    });
    has_begun.recv().expect("the only blocking thread is held");
    let place = tempfile::tempdir().expect("a directory");
    let builder = Host::builder()
        .pooled_instances_max(50)
        .state_directory(place.path().join("state"));
    runtime.block_on(async {
        let host = builder.build().expect("a host");
        let deploy = host
            .deploy(guest("greeter-v1"))
            .instancing(Instancing::pooled(1))
            .grants(Grants::new());
        let deployed = timeout(SOON, deploy.into_future())
            .await
            .expect("in time")
            .expect("deployed");
        let update = host.update("greeter", guest("greeter-v2")).into_future();
        timeout(SOON, update)
            .await
            .expect("in time")
            .expect("updated")
            .drained()
            .await;
        assert_eq!(
            greet(&deployed)
                .call(("Ada".into(),))
                .await
                .expect("an answer")
                .0,
            "Good day, Ada!"
        );
        timeout(SOON, host.rollback("greeter").into_future())
            .await
            .expect("in time")
            .expect("rolled back");
        crate::support::revoke(&host, "greeter", "dns **").await;
        timeout(SOON, host.remove("greeter"))
            .await
            .expect("in time")
            .expect("removed");
        assert_eq!(
            host.deployments().history().await.expect("a history").len(),
            5
        );
    });
    drop(end);
}
