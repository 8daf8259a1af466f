//! Unused revisions and bytes are deleted; active ones and rollback targets never are.

use airssys_wasm_host::{Component, Host};

use super::{blobs, builder, temp_directory};
use crate::support::{greet, guest};

/// Returns the greeter with different bytes: a custom section is appended.
fn variant(number: u8) -> Component {
    let bytes = [guest("greeter-v1").bytes(), &[0, 3, 1, b'v', number]].concat();
    let version = format!("{}.0.0", number + 1).parse().expect("a version");
    Component::from_bytes(bytes)
        .expect("a component")
        .with_version(version)
}

async fn update(host: &Host, number: u8) {
    drop(
        host.update("greeter", variant(number))
            .await
            .expect("updated"),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_deleted_with_the_last_revision_that_needs_them() {
    let place = temp_directory();
    let host = builder(place.path())
        .revisions_kept(3)
        .build()
        .expect("a host");
    drop(
        host.deploy(variant(0))
            .name("greeter")
            .await
            .expect("deployed"),
    );
    for number in 1..8 {
        update(&host, number).await;
    }
    assert_eq!(blobs(place.path()), 3);
    // Another deployment uses the bytes of revision 6 as well.
    drop(
        host.deploy(variant(5))
            .name("other")
            .await
            .expect("deployed"),
    );
    for number in 8..12 {
        update(&host, number).await;
    }
    assert_eq!(blobs(place.path()), 4);
    drop(
        host.rollback("greeter")
            .to_version("10.0.0")
            .await
            .expect("it is kept"),
    );
    host.remove("greeter").await.expect("removed");
    assert_eq!(blobs(place.path()), 1);
    let other = host.deployment("other").await.expect("deployed");
    greet(&other)
        .call(("Ada".into(),))
        .await
        .expect("it serves");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_removes_leftovers_of_a_killed_process() {
    let place = temp_directory();
    let host = super::host(place.path());
    drop(
        host.deploy(variant(0))
            .name("greeter")
            .await
            .expect("deployed"),
    );
    drop(host);
    let store = place.path().join("state/components/blobs/sha256");
    let left = airssys_wasm_host::Digest::compute(b"left").to_hex();
    std::fs::write(store.join(&left), b"left").expect("written");
    std::fs::write(store.join(".aside-1-x-y"), b"le").expect("written");
    let host = super::host(place.path());
    assert_eq!(blobs(place.path()), 1);
    drop(
        host.deployment("greeter")
            .await
            .expect("what is needed stays"),
    );
}
