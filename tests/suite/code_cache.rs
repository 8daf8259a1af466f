//! The code cache is used when intact, never trusted when damaged, and not required.

use std::fs;
use std::path::{Path, PathBuf};

use airssys_wasm_host::{Event, Events, Host};

use crate::support::{greet, guest};

fn host(cache: &Path) -> (Host, Events) {
    let host = Host::builder()
        .pooled_instances_max(50)
        .code_cache(cache)
        .build()
        .expect("a host");
    let events = host.events();
    (host, events)
}

/// Deploys the greeter and calls it, which works in any state of the cache.
async fn deploy_and_greet(host: &Host) {
    let greeter = host.deploy(guest("greeter-v1")).await.expect("deployed");
    assert_eq!(
        greet(&greeter)
            .call(("Ada".into(),))
            .await
            .expect("an answer")
            .0,
        "Hello, Ada!"
    );
}

fn entries(cache: &Path, extension: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(cache)
        .expect("a directory")
        .flatten()
        .map(|entry| entry.path());
    files
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect()
}

fn rejected(events: &mut Events) -> usize {
    std::iter::from_fn(|| events.try_next())
        .filter(|event| matches!(event, Event::CodeCacheEntryRejected { .. }))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intact_entry_is_used_and_not_written_again() {
    let place = tempfile::tempdir().expect("a directory");
    let cache = place.path().join("code");
    deploy_and_greet(&host(&cache).0).await;
    let [code] = &entries(&cache, "cwasm")[..] else {
        panic!("one entry")
    };
    let written = fs::metadata(code)
        .and_then(|file| file.modified())
        .expect("a time");
    deploy_and_greet(&host(&cache).0).await;
    assert_eq!(
        fs::metadata(code)
            .and_then(|file| file.modified())
            .expect("a time"),
        written
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_entry_is_recompiled() {
    let place = tempfile::tempdir().expect("a directory");
    let cache = place.path().join("code");
    deploy_and_greet(&host(&cache).0).await;
    let code = entries(&cache, "cwasm").remove(0);
    let intact = fs::read(&code).expect("readable");
    let middle = intact.len() / 2;
    let flipped = [
        &intact[..middle],
        &[intact[middle] ^ 1],
        &intact[middle + 1..],
    ]
    .concat();
    for damaged in [&flipped[..], &intact[..middle], b"", b"not code at all"] {
        fs::write(&code, damaged).expect("damaged");
        let (host, mut events) = host(&cache);
        deploy_and_greet(&host).await;
        assert_eq!(rejected(&mut events), 1, "the damage is reported");
        assert_eq!(
            fs::read(&code).expect("readable"),
            intact,
            "the entry is written again"
        );
    }
}

/// Code for other settings has a different name, even if its checksum is valid.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_for_other_settings_has_another_name() {
    let place = tempfile::tempdir().expect("a directory");
    let cache = place.path().join("code");
    let limits = airssys_wasm_host::Limits {
        fuel_per_call: Some(1_000_000),
        ..Default::default()
    };
    deploy_and_greet(&host(&cache).0).await;
    host(&cache)
        .0
        .deploy(guest("greeter-v1"))
        .limits(limits)
        .await
        .expect("deployed");
    assert_eq!(entries(&cache, "cwasm").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_cannot_be_created_is_reported_once_and_not_required() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("file");
    fs::write(&file, "in the way").expect("written");
    let host = Host::builder()
        .pooled_instances_max(50)
        .code_cache(file.join("code"))
        .build()
        .expect("a host");
    deploy_and_greet(&host).await;
}

/// As on a full disk, entries cannot be written.
#[tokio::test(flavor = "multi_thread")]
async fn entries_that_cannot_be_written_are_reported_once_and_not_required() {
    let place = tempfile::tempdir().expect("a directory");
    let cache = place.path().join("code");
    let (host, mut events) = host(&cache);
    fs::remove_dir_all(&cache).expect("removed");
    deploy_and_greet(&host).await;
    host.deploy(guest("plain-bindgen")).await.expect("deployed");
    let said = std::iter::from_fn(|| events.try_next())
        .filter(|e| matches!(e, Event::CodeCacheUnavailable { .. }));
    assert_eq!(said.count(), 1);
}
