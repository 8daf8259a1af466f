//! Only one host at a time may use a state directory.

use airssys_wasm_host::ErrorKind;

use super::{builder, host, temp_directory};
use crate::support::guest;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_is_refused_with_the_id_of_the_first() {
    let place = temp_directory();
    let first = host(place.path());
    let error = builder(place.path())
        .build()
        .map(drop)
        .expect_err("the directory is locked");
    assert_eq!(error.code(), "state-held");
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
async fn the_directory_is_free_once_the_host_is_dropped_even_with_open_handles() {
    let place = temp_directory();
    let first = host(place.path());
    let deployment = first.deploy(guest("greeter-v1")).await.expect("deployed");
    drop(first);
    let second = host(place.path());
    assert_eq!(
        second
            .deployment("greeter")
            .await
            .expect("deployed")
            .status()
            .active
            .revision,
        1
    );
    drop(deployment);
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_writable_by_others_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = temp_directory();
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
