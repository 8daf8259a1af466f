//! Blocking operations that never return count only against their own deployment.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use airssys_wasm_host::{CallEnd, Deployment, Error, ErrorKind, Host, Instancing, Limits};

use super::probe::{AttemptResult, RecordedDecisions, attempt, builder, deploy, grants, probe};

/// Blocking threads of the runtime, fewer than the stuck calls.
const THREADS: usize = 48;

const DEADLINE: Duration = Duration::from_millis(500);

/// Creates a FIFO whose other end is open without writing until it is dropped.
fn silent_fifo(folder: &Path) -> File {
    let fifo = folder.join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .expect("mkfifo runs")
            .success()
    );
    File::options()
        .read(true)
        .write(true)
        .open(&fifo)
        .expect("opened at both ends")
}

/// Deploys a component whose calls may read anything in `folder`.
async fn deploy_reader(host: &Host, name: &str, folder: &Path, limits: Limits) -> Deployment {
    let rule = format!("file-read /d from={} types=fifo", folder.display());
    deploy_granted(host, name, &[&rule], limits).await
}

/// Deploys a component with an instance for each call.
async fn deploy_granted(host: &Host, name: &str, rules: &[&str], limits: Limits) -> Deployment {
    let deploy = host
        .deploy(probe(&[]))
        .name(name)
        .grants(grants(rules))
        .limits(limits);
    deploy
        .instancing(Instancing::PerCall)
        .await
        .expect("deployed")
}

async fn read(deployment: Deployment, how: &str, path: &str) -> Result<AttemptResult, Error> {
    let attempt = deployment
        .function::<(String, Vec<String>), (AttemptResult,)>("attempt")
        .expect("an exported function");
    attempt
        .call((how.to_owned(), vec![path.to_owned()]))
        .await
        .map(|(attempted,)| attempted)
}

/// Returns limits with a short deadline.
fn short_deadline() -> Limits {
    Limits {
        call_deadline: DEADLINE,
        ..Limits::default()
    }
}

/// Reads the ordinary file once a blocking operation is available again.
async fn read_again(deployment: &Deployment) -> AttemptResult {
    loop {
        match read(deployment.clone(), "read", "/d/plain.txt").await {
            Ok(attempted) => return attempted,
            Err(error) => assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}"),
        }
    }
}

/// Starts six hundred calls that read a FIFO without data.
fn stuck_reads(
    deployment: &Deployment,
) -> Vec<tokio::task::JoinHandle<Result<AttemptResult, Error>>> {
    (0..600)
        .map(|_| tokio::spawn(read(deployment.clone(), "read-stream", "/d/fifo")))
        .collect()
}

#[test]
fn stuck_operations_affect_only_their_deployment() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(THREADS)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (folder, other) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        std::fs::write(folder.path().join("plain.txt"), "plain").expect("a file");
        std::fs::write(other.path().join("plain.txt"), "plain").expect("a file");
        let end = silent_fifo(folder.path());
        let host = builder().build().expect("a host");
        let bad = deploy_reader(&host, "bad", folder.path(), short_deadline()).await;
        let good = deploy_reader(&host, "good", other.path(), Limits::default()).await;
        let begun = Instant::now();
        let stuck = stuck_reads(&bad);
        while begun.elapsed() < DEADLINE {
            let seen = read(good.clone(), "read", "/d/plain.txt")
                .await
                .expect("it is called");
            assert_eq!(seen.as_deref(), Ok("plain"));
        }
        for stuck in stuck {
            let error = stuck
                .await
                .expect("a task")
                .expect_err("nothing was written");
            assert_eq!(error.call_end(), Some(CallEnd::DeadlineExceeded), "{error}");
        }
        // Its calls have ended, but its threads are still blocked.
        let error = read(bad.clone(), "read", "/d/plain.txt")
            .await
            .expect_err("no blocking operation is left");
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
        assert_eq!(
            read(good.clone(), "read", "/d/plain.txt")
                .await
                .expect("called")
                .as_deref(),
            Ok("plain")
        );
        let rule = format!("file-read /d from={}", other.path().display());
        deploy(&host, probe(&[]), &[&rule]).await;
        assert_eq!(
            host.deployment("bad")
                .await
                .expect("deployed")
                .status()
                .instances,
            0
        );
        crate::support::revoke(&host, "bad", "file-read /d/fifo").await;
        drop(end);
        assert_eq!(read_again(&bad).await.as_deref(), Ok("plain"));
        host.remove("bad").await.expect("removed");
    });
}

/// A replaced or removed revision leaves its stuck operations to the next one.
#[tokio::test(flavor = "multi_thread")]
async fn revisions_of_a_deployment_share_their_blocking_operations() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("plain.txt"), "plain").expect("a file");
    let end = silent_fifo(folder.path());
    let host = builder().build().expect("a host");
    let first = deploy_reader(&host, "bad", folder.path(), short_deadline()).await;
    for stuck in (0..16)
        .map(|_| tokio::spawn(read(first.clone(), "read-stream", "/d/fifo")))
        .collect::<Vec<_>>()
    {
        stuck
            .await
            .expect("a task")
            .expect_err("nothing was written");
    }
    host.remove("bad").await.expect("removed");
    let second = deploy_reader(&host, "bad", folder.path(), short_deadline()).await;
    read(second.clone(), "read", "/d/plain.txt")
        .await
        .expect_err("no blocking operation is left");
    drop(end);
    assert_eq!(read_again(&second).await.as_deref(), Ok("plain"));
}

/// The operating system resolves names on a blocking thread as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_lookup_counts_as_a_blocking_operation() {
    let folder = tempfile::tempdir().expect("a folder");
    let end = silent_fifo(folder.path());
    let host = builder().build().expect("a host");
    let rules = [
        format!("file-read /d from={} types=fifo", folder.path().display()),
        "dns localhost".to_owned(),
    ];
    let limits = Limits {
        call_deadline: DEADLINE,
        blocking_operations_max: 1,
        ..Limits::default()
    };
    let deploy = host
        .deploy(probe(&[]))
        .grants(grants(&[&rules[0], &rules[1]]))
        .limits(limits);
    let deployment = deploy
        .instancing(Instancing::PerCall)
        .await
        .expect("deployed");
    read(deployment.clone(), "read-stream", "/d/fifo")
        .await
        .expect_err("nothing was written");
    let error = read(deployment.clone(), "lookup", "localhost")
        .await
        .expect_err("no blocking operation is left");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    drop(end);
    while let Err(error) = read(deployment.clone(), "lookup", "localhost").await {
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    }
}

/// A file that is opened through a link while what the link leads to is revoked cannot be read: it
/// is open before the revocation is seen, and its path is still granted.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_opened_through_a_link_during_a_revocation_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("secret")).expect("a folder");
    std::fs::write(folder.path().join("secret/plain.txt"), "secret").expect("a file");
    std::os::unix::fs::symlink("secret", folder.path().join("link")).expect("a link");
    let mut end = silent_fifo(folder.path());
    let record = RecordedDecisions::default();
    let host = builder().audit_log(record.clone()).build().expect("a host");
    let limits = Limits {
        blocking_operations_max: 1,
        ..Limits::default()
    };
    let deployment = deploy_reader(&host, "bad", folder.path(), limits).await;
    let stuck = tokio::spawn(read(deployment.clone(), "read-stream", "/d/fifo"));
    wait_for_stuck_operation(&deployment).await;
    let opened = tokio::spawn(read(deployment, "read", "/d/link/plain.txt"));
    wait_for_record(&record, "/d/link/plain.txt").await;
    crate::support::revoke(&host, "bad", "file-read /d/secret").await;
    end.write_all(b"end").expect("written");
    stuck.await.expect("a task").expect("it is called").ok();
    let opened = opened.await.expect("a task").expect("it is called");
    assert_eq!(opened, Err("not-permitted".to_owned()));
}

/// Waits until the only blocking operation is stuck.
async fn wait_for_stuck_operation(deployment: &Deployment) {
    let pause = Duration::from_millis(300);
    while tokio::time::timeout(pause, read(deployment.clone(), "read", "/d/none"))
        .await
        .is_ok()
    {}
}

/// Waits until an operation at a path was allowed.
async fn wait_for_record(record: &RecordedDecisions, path: &str) {
    let path = format!("\"{path}\"");
    while !record.lines().iter().any(|line| line.contains(&path)) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Limits with a single slot for blocking operations.
fn one_slot() -> Limits {
    Limits {
        blocking_operations_max: 1,
        ..Limits::default()
    }
}

/// Changes files while the only slot is taken, revokes a rule, and frees the slot. Returns the
/// result of each change. The folder is removed with the returned guard.
async fn change_during_revocation(
    rule: &str,
    changes: &[&[&str]],
) -> (tempfile::TempDir, Vec<AttemptResult>) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("secret")).expect("a folder");
    std::os::unix::fs::symlink("secret", folder.path().join("link")).expect("a link");
    for name in ["removed", "renamed", "truncated", "secret/removed"] {
        std::fs::write(folder.path().join(name), "unchanged").expect("a file");
    }
    let mut end = silent_fifo(folder.path());
    let record = RecordedDecisions::default();
    let host = builder().audit_log(record.clone()).build().expect("a host");
    let from = folder.path().display();
    let rules = [
        format!("file-read /d from={from} types=fifo"),
        format!("file-write /d from={from}"),
    ];
    let deployment = deploy_granted(&host, "bad", &[&rules[0], &rules[1]], one_slot()).await;
    let stuck = tokio::spawn(read(deployment.clone(), "read-stream", "/d/fifo"));
    wait_for_stuck_operation(&deployment).await;
    let mut waiting = Vec::new();
    for change in changes {
        let words: Vec<String> = change.iter().map(|&word| word.to_owned()).collect();
        let deployment = deployment.clone();
        waiting.push(tokio::spawn(async move {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            attempt(&deployment, &words).await
        }));
        wait_for_record(&record, change[change.len() - 1]).await;
    }
    crate::support::revoke(&host, "bad", rule).await;
    end.write_all(b"end").expect("written");
    // It may have been interrupted, but has not lost what it read.
    stuck.await.expect("a task").expect("it is called").ok();
    let mut results = Vec::new();
    for waiting in waiting {
        results.push(waiting.await.expect("a task"));
    }
    (folder, results)
}

const CHANGES: [&[&str]; 3] = [
    &["remove", "/d/removed"],
    &["rename", "/d/renamed", "/d/new"],
    &["truncate", "/d/truncated"],
];

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_waits_for_a_slot_is_stopped_by_a_revocation() {
    let (folder, results) = change_during_revocation("file-write /d", &CHANGES).await;
    for (change, result) in CHANGES.iter().zip(results) {
        assert_eq!(result, Err("not-permitted".to_owned()), "{change:?}");
    }
    for name in ["removed", "renamed", "truncated"] {
        let text = std::fs::read_to_string(folder.path().join(name));
        assert_eq!(text.expect("it still exists"), "unchanged", "{name}");
    }
}

/// The revocation of another path ends the following of symbolic links in the directory, and stops
/// no operation that is still granted.
#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_waits_for_a_slot_continues_if_it_is_still_granted() {
    let (folder, results) = change_during_revocation("file-write /d/secret", &CHANGES).await;
    for (change, result) in CHANGES.iter().zip(results) {
        result.unwrap_or_else(|error| panic!("{change:?}: {error}"));
    }
    let names = ["removed", "renamed", "new"].map(|name| folder.path().join(name).exists());
    assert_eq!(names, [false, false, true]);
    let truncated = std::fs::read(folder.path().join("truncated"));
    assert_eq!(truncated.expect("a file"), b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_waits_for_a_slot_follows_no_link_to_what_was_revoked() {
    let changes: [&[&str]; 2] = [
        &["remove", "/d/link/removed"],
        &["symlink", "secret", "/d/another"],
    ];
    let (folder, results) = change_during_revocation("file-write /d/secret", &changes).await;
    let denied = || Err("not-permitted".to_owned());
    assert_eq!(results, [denied(), denied()]);
    assert!(folder.path().join("secret/removed").exists());
    let another = folder.path().join("another").symlink_metadata();
    another.expect_err("no link is created where grants differ by path");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_that_waits_for_a_slot_is_refused_once_its_paths_have_different_grants() {
    let change: &[&str] = &["rename", "/d/renamed", "/d/secret/new"];
    let (folder, results) = change_during_revocation("file-read /d/secret", &[change]).await;
    assert_eq!(results, [Err("not-permitted".to_owned())]);
    assert!(folder.path().join("renamed").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_lookup_that_waits_for_a_slot_ends_with_its_grant() {
    let folder = tempfile::tempdir().expect("a folder");
    let end = silent_fifo(folder.path());
    let record = RecordedDecisions::default();
    let host = builder().audit_log(record.clone()).build().expect("a host");
    let rule = format!("file-read /d from={} types=fifo", folder.path().display());
    let rules = [rule.as_str(), "dns localhost"];
    let deployment = deploy_granted(&host, "bad", &rules, one_slot()).await;
    let stuck = tokio::spawn(read(deployment.clone(), "read-stream", "/d/fifo"));
    wait_for_stuck_operation(&deployment).await;
    let lookup = tokio::spawn(read(deployment, "lookup", "localhost"));
    wait_for_record(&record, "localhost").await;
    crate::support::revoke(&host, "bad", "dns localhost").await;
    let looked_up = lookup.await.expect("a task").expect("it is called");
    looked_up.expect_err("it is revoked, and no slot is free");
    drop(end);
    stuck.await.expect("a task").expect("it is called").ok();
}
