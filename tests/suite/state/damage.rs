//! Damage is detected and reported by name, undamaged deployments serve, and a host never silently
//! starts with empty state.

use std::fs;
use std::path::{Path, PathBuf};

use airssys_wasm_host::{ErrorKind, Host};
use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::{builder, host, temp_directory};
use crate::support::{greet, guest};

async fn deploy_two(place: &Path) {
    let first = host(place);
    drop(first.deploy(guest("greeter-v1")).await.expect("deployed"));
    drop(
        first
            .update("greeter", guest("greeter-v2"))
            .await
            .expect("updated"),
    );
    drop(
        first
            .deploy(guest("plain-bindgen"))
            .await
            .expect("deployed"),
    );
}

fn blob(place: &Path, component: &str) -> PathBuf {
    place
        .join("state/components/blobs/sha256")
        .join(guest(component).digest().to_hex())
}

async fn answer(host: &Host) -> String {
    let greeter = host.deployment("greeter").await.expect("deployed");
    greet(&greeter)
        .call(("Ada".into(),))
        .await
        .expect("an answer")
        .0
}

/// A damaged deployment is never restored, so that each use tries again.
#[tokio::test]
async fn a_deployment_is_not_restored_on_the_thread_of_its_caller() {
    let place = temp_directory();
    deploy_two(place.path()).await;
    fs::write(blob(place.path(), "plain-bindgen"), b"other").expect("damaged");
    let second = host(place.path());
    let first_poll = second.deployment("plain-bindgen").now_or_never();
    assert!(first_poll.is_none(), "it waits for another thread");
    let error = second.deployment("plain-bindgen").await;
    assert_eq!(error.expect_err("damaged").kind(), ErrorKind::StateDamaged);
    // Everything else has been restored by now, and needs no thread.
    second.deployments().list().await.expect("listed");
    let first_poll = second.deployment("greeter").now_or_never();
    first_poll.expect("at once").expect("deployed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_with_damaged_bytes_does_not_serve_and_others_do() {
    for damage in [b"other".as_slice(), b""] {
        let place = temp_directory();
        deploy_two(place.path()).await;
        fs::write(blob(place.path(), "plain-bindgen"), damage).expect("damaged");
        let second = host(place.path());
        assert_eq!(answer(&second).await, "Good day, Ada!");
        let error = second
            .deployment("plain-bindgen")
            .await
            .expect_err("damaged");
        assert_eq!(error.kind(), ErrorKind::StateDamaged);
        assert!(error.to_string().contains("its bytes are lost"), "{error}");
        let remedy = "remove it, then deploy it from its source";
        assert!(error.to_string().contains(remedy), "{error}");
        let error = second
            .deploy(guest("plain-bindgen"))
            .await
            .map(drop)
            .expect_err("the name is taken");
        assert_eq!(error.code(), "name-taken");
        second
            .remove("plain-bindgen")
            .await
            .expect("it can be removed");
        drop(
            second
                .deploy(guest("plain-bindgen"))
                .await
                .expect("and deployed again"),
        );
    }
}

/// Bytes that cannot be read at the moment are not lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_whose_bytes_cannot_be_read_is_not_called_lost() {
    let place = temp_directory();
    deploy_two(place.path()).await;
    let blob = blob(place.path(), "plain-bindgen");
    let aside = place.path().join("blob");
    fs::rename(&blob, &aside).expect("renamed");
    fs::create_dir(&blob).expect("a directory, which is not readable as a file");
    let second = host(place.path());
    let error = second.deployment("plain-bindgen").await;
    let error = error.expect_err("unreadable");
    assert_eq!(error.kind(), ErrorKind::StateUnavailable, "{error}");
    assert!(!error.to_string().contains("lost"), "{error}");
    fs::remove_dir(&blob).expect("removed");
    fs::rename(&aside, &blob).expect("renamed");
    let found = second.deployment("plain-bindgen").await;
    drop(found.expect("it serves again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_to_damaged_bytes_fails_and_the_active_revision_keeps_serving() {
    let place = temp_directory();
    deploy_two(place.path()).await;
    fs::write(blob(place.path(), "greeter-v1"), b"other").expect("damaged");
    let second = host(place.path());
    let error = second
        .rollback("greeter")
        .await
        .map(drop)
        .expect_err("damaged");
    assert_eq!(error.kind(), ErrorKind::StateDamaged);
    assert_eq!(answer(&second).await, "Good day, Ada!");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_database_file_is_refused_and_left_unchanged() {
    for content in [
        "hello".repeat(2_000).into_bytes(),
        vec![0; 8_192],
        Vec::new(),
    ] {
        let place = temp_directory();
        deploy_two(place.path()).await;
        let file = place.path().join("state/state.redb");
        fs::write(&file, &content).expect("written");
        let error = builder(place.path())
            .build()
            .map(drop)
            .expect_err("no database");
        assert_eq!(error.kind(), ErrorKind::StateDamaged, "{error}");
        assert!(error.to_string().contains("nothing was changed"), "{error}");
        assert_eq!(fs::read(&file).expect("deployed"), content);
        assert_eq!(super::blobs(place.path()), 3, "the blobs remain");
    }
}

/// A missing database beside existing blobs is damage, not a fresh start.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_database_is_not_a_fresh_start() {
    for emptied in [false, true] {
        let place = temp_directory();
        deploy_two(place.path()).await;
        let file = place.path().join("state/state.redb");
        if emptied {
            fs::write(&file, b"").expect("emptied");
        } else {
            fs::remove_file(&file).expect("removed");
        }
        let error = builder(place.path())
            .build()
            .map(drop)
            .expect_err("it is gone");
        assert_eq!(error.kind(), ErrorKind::StateDamaged, "{error}");
        assert_eq!(super::blobs(place.path()), 3, "the blobs remain");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// For damage anywhere in the database, the host refuses to start, or it serves what it can and
    /// reports the losses; it never returns different data.
    #[test]
    fn damage_anywhere_in_the_database_is_detected(places in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..40)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let place = temp_directory();
        runtime.block_on(deploy_two(place.path()));
        let file = place.path().join("state/state.redb");
        let mut bytes = fs::read(&file).expect("deployed");
        for (place, flip) in places {
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
        }
        fs::write(&file, &bytes).expect("damaged");
        runtime.block_on(async {
            match builder(place.path()).build() {
                Err(error) => {
                    let kind = error.kind();
                    prop_assert!(matches!(kind, ErrorKind::StateDamaged | ErrorKind::StateUnavailable), "{error}");
                }
                Ok(host) => {
                    let lost = host.deployments().unreadable().len();
                    prop_assert_eq!(host.deployments().summaries().await.expect("listed").len() + lost, 2);
                    if let Ok(greeter) = host.deployment("greeter").await {
                        prop_assert_eq!(greeter.status().active.revision, 2);
                    }
                }
            }
            Ok(())
        })?;
    }
}
