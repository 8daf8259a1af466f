//! Files: quotas, listings, and granted directories that are moved.

use std::path::Path;

use tempfile::TempDir;

use super::probe::{attempt, deploy, host, probe};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn rule_from(rule: &str, folder: &Path) -> String {
    format!("{rule} from={}", folder.display())
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    entries
        .map(|entry| entry.metadata().expect("metadata").len())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_stays_within_its_quota() {
    let folder = folder();
    let host = host();
    let rule = rule_from("file-write /cache max=1KiB", folder.path());
    let deployment = deploy(&host, probe(&[]), &[&rule]).await;
    let text = "x".repeat(600);
    assert!(
        attempt(&deployment, &["write", "/cache/a", &text])
            .await
            .is_ok()
    );
    let told = attempt(&deployment, &["write", "/cache/b", &text]).await;
    assert!(told.is_err(), "{told:?}");
    assert!(
        attempt(&deployment, &["append", "/cache/a", &text])
            .await
            .is_err()
    );
    assert!(
        attempt(&deployment, &["write-at", "/cache/a", "5000", "x"])
            .await
            .is_err()
    );
    assert!(
        attempt(&deployment, &["set-size", "/cache/a", "5000"])
            .await
            .is_err()
    );
    assert!(
        bytes_in(folder.path()) <= 1_024,
        "{} bytes",
        bytes_in(folder.path())
    );
    attempt(&deployment, &["remove", "/cache/a"])
        .await
        .expect("removed");
    attempt(&deployment, &["remove", "/cache/b"]).await.ok();
    attempt(&deployment, &["write", "/cache/c", &"y".repeat(1_000)])
        .await
        .expect("there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_loses_nothing_under_a_quota() {
    let folder = folder();
    let host = host();
    let rules = [
        rule_from("file-write /cache max=1KiB", folder.path()),
        rule_from("file-read /cache", folder.path()),
    ];
    let deployment = deploy(&host, probe(&[]), &[&rules[0], &rules[1]]).await;
    attempt(&deployment, &["write", "/cache/a", "kept"])
        .await
        .expect("written");
    attempt(&deployment, &["rename", "/cache/a", "/cache/a"])
        .await
        .ok();
    assert_eq!(
        attempt(&deployment, &["read", "/cache/a"]).await.as_deref(),
        Ok("kept")
    );
    attempt(&deployment, &["write", "/cache/b", "old"])
        .await
        .expect("written");
    attempt(&deployment, &["rename", "/cache/missing", "/cache/b"])
        .await
        .expect_err("there is none");
    assert_eq!(
        attempt(&deployment, &["read", "/cache/b"]).await.as_deref(),
        Ok("old")
    );
    attempt(&deployment, &["rename", "/cache/a", "/cache/b"])
        .await
        .expect("renamed");
    assert_eq!(
        attempt(&deployment, &["read", "/cache/b"]).await.as_deref(),
        Ok("kept")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_shows_only_readable_entries() {
    let folder = folder();
    std::fs::create_dir_all(folder.path().join("sub/deep")).expect("folders");
    for name in ["a.csv", "b.txt", "sub/c.csv", "sub/d.txt"] {
        std::fs::write(folder.path().join(name), "x").expect("a file");
    }
    let host = host();
    let rule = rule_from("file-read /data/**/*.csv", folder.path());
    let deployment = deploy(&host, probe(&[]), &[&rule]).await;
    assert_eq!(
        attempt(&deployment, &["list", "/data"]).await.as_deref(),
        Ok("a.csv sub")
    );
    assert_eq!(
        attempt(&deployment, &["list", "/data/sub"])
            .await
            .as_deref(),
        Ok("c.csv deep")
    );
}

/// The directory was opened when the component was deployed; a later one of the same name is a
/// different directory.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_replaced_after_the_deploy_is_not_granted() {
    let folder = folder();
    let (granted, moved) = (folder.path().join("granted"), folder.path().join("moved"));
    std::fs::create_dir(&granted).expect("a folder");
    std::fs::write(granted.join("a.txt"), "granted").expect("a file");
    let host = host();
    let deployment = deploy(
        &host,
        probe(&[]),
        &[&rule_from("file-read /data", &granted)],
    )
    .await;
    std::fs::rename(&granted, &moved).expect("moved");
    std::fs::create_dir(&granted).expect("another folder");
    std::fs::write(granted.join("a.txt"), "not granted").expect("a file");
    assert_eq!(
        attempt(&deployment, &["read", "/data/a.txt"])
            .await
            .as_deref(),
        Ok("granted")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_followed_within_a_fully_granted_directory() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    std::fs::write(folder.path().join("sub/a.txt"), "a").expect("a file");
    std::os::unix::fs::symlink("sub", folder.path().join("link")).expect("a link");
    let host = host();
    let deployment = deploy(
        &host,
        probe(&[]),
        &[&rule_from("file-read /data", folder.path())],
    )
    .await;
    assert_eq!(
        attempt(&deployment, &["read", "/data/link/a.txt"])
            .await
            .as_deref(),
        Ok("a")
    );
}

/// An open file keeps its identity, and its size is read each time.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_file_has_one_identity_in_every_query() {
    let folder = folder();
    let in_folder = |name: &str| folder.path().join(name);
    std::fs::write(in_folder("a.txt"), "a").expect("a file");
    std::fs::write(in_folder("b.txt"), "bb").expect("a file");
    let host = host();
    let deployment = deploy(
        &host,
        probe(&[]),
        &[&rule_from("file-read /data", folder.path())],
    )
    .await;
    let a = attempt(&deployment, &["identity", "/data/a.txt"])
        .await
        .expect("an answer");
    let b = attempt(&deployment, &["identity", "/data/b.txt"])
        .await
        .expect("an answer");
    attempt(&deployment, &["identity", "/data"])
        .await
        .expect("the metadata of a directory");
    assert!(
        a.starts_with("1 bytes, ") && b.starts_with("2 bytes, "),
        "{a}; {b}"
    );
    assert_ne!(a["1 bytes".len()..], b["2 bytes".len()..]);

    attempt(&deployment, &["keep", "/data/a.txt"])
        .await
        .expect("an answer");
    assert_eq!(
        attempt(&deployment, &["identity-kept"]).await.as_ref(),
        Ok(&a)
    );
    std::fs::write(in_folder("a.txt"), "longer").expect("written");
    std::fs::rename(in_folder("b.txt"), in_folder("a.txt")).expect("renamed");
    let told = attempt(&deployment, &["identity-kept"])
        .await
        .expect("an answer");
    assert_eq!(told, a.replace("1 bytes", "6 bytes"));
    assert_eq!(
        attempt(&deployment, &["identity", "/data/a.txt"])
            .await
            .as_ref(),
        Ok(&b)
    );
}
