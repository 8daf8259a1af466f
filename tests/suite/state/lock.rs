//! Only one host at a time may use a state directory.

use airssys_wasm_host::ErrorKind;

use super::{builder, host, place};
use crate::support::guest;

#[tokio::test(flavor = "multi_thread")]
async fn the_second_host_is_refused_and_told_who_has_it() {
    let place = place();
    let first = host(place.path());
    let error = builder(place.path())
        .build()
        .map(drop)
        .expect_err("the directory is locked");
    assert_eq!(error.kind(), ErrorKind::StateHeld);
    assert!(
        error
            .to_string()
            .contains(&format!("held by process {}", std::process::id())),
        "{error}"
    );
    drop(first);
    drop(host(place.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_free_when_the_host_is_dropped_whoever_still_holds_a_deployment() {
    let place = place();
    let first = host(place.path());
    let deployment = first.deploy(guest("greeter-v1")).await.expect("deployed");
    drop(first);
    let second = host(place.path());
    assert_eq!(
        second.status("greeter").expect("deployed").serving.revision,
        1
    );
    drop(deployment);
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = place();
    let state = place.path().join("state");
    std::fs::create_dir(&state).expect("created");
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o777))
        .expect("opened to all");
    let error = builder(place.path())
        .build()
        .map(drop)
        .expect_err("others can write to it");
    assert_eq!(error.kind(), ErrorKind::StateUnavailable);
    assert!(error.to_string().contains("chmod 700"), "{error}");
}
