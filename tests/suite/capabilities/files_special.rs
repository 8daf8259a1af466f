//! FIFOs, devices, sockets, and file systems that do not contain ordinary files.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use airssys_wasm_host::ErrorKind;
use tempfile::TempDir;

use super::probe::{RecordedDecisions, attempt, builder, deploy, grants, host, probe};

/// Creates a directory with a FIFO, a link to it, a socket and an ordinary file.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let made = Command::new("mkfifo")
        .arg(at("fifo"))
        .status()
        .expect("mkfifo runs");
    assert!(made.success());
    std::os::unix::fs::symlink("fifo", at("link")).expect("a link");
    drop(UnixListener::bind(at("socket")).expect("a socket"));
    std::fs::write(at("plain.txt"), "plain").expect("a file");
    folder
}

fn rule_from(rule: &str, folder: &Path) -> String {
    let (kind, options) = rule.split_once("/d").expect("a rule about /d");
    format!("{kind}/d from={}{options}", folder.display())
}

/// Returns the recorded denials.
fn denials(record: &RecordedDecisions) -> Vec<String> {
    record
        .lines()
        .into_iter()
        .filter(|line| line.contains("\"denied\""))
        .collect()
}

/// A regression test: opens of a FIFO once held every blocking thread forever, and the host with
/// them.
#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_is_refused_without_waiting_for_its_other_end() {
    let folder = folder();
    let record = RecordedDecisions::default();
    let host = builder().audit_log(record.clone()).build().expect("a host");
    let (read, write) = (
        rule_from("file-read /d", folder.path()),
        rule_from("file-write /d", folder.path()),
    );
    let opens = async {
        for rules in [
            &[&*read, &*write][..],
            &[&read, "file-read /d/*.other"],
            &[&write],
        ] {
            let deployment = deploy(&host, probe(&[]), rules).await;
            for attempted in [
                &["read", "/d/fifo"][..],
                &["read", "/d/./fifo"],
                &["keep", "/d/link"],
                &["append", "/d/fifo", "x"],
                &["write", "/d/fifo", "x"],
                &["create", "/d/fifo"],
                &["truncate", "/d/fifo"],
            ] {
                let told = attempt(&deployment, attempted)
                    .await
                    .expect_err("it is a FIFO");
                // A link is reported as such where links are not followed.
                let is_refused = ["not-permitted", "loop"].contains(&&*told);
                assert!(
                    is_refused,
                    "{attempted:?} was opened to learn its type: {told}"
                );
            }
            host.remove(deployment.name().as_str())
                .await
                .expect("removed");
        }
    };
    tokio::time::timeout(Duration::from_secs(20), opens)
        .await
        .expect("no open waits for the other end");
    let denials = denials(&record);
    assert!(
        denials
            .iter()
            .any(|line| line.contains("is a FIFO, which needs `types=fifo` in a grant")),
        "{denials:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn six_hundred_opens_of_a_fifo_block_no_other_call() {
    let folder = folder();
    let host = host();
    let deployment = deploy(
        &host,
        probe(&[]),
        &[&rule_from("file-read /d", folder.path())],
    )
    .await;
    for _ in 0..600 {
        attempt(&deployment, &["read", "/d/fifo"])
            .await
            .expect_err("it is a FIFO");
    }
    assert_eq!(
        attempt(&deployment, &["read", "/d/plain.txt"])
            .await
            .as_deref(),
        Ok("plain")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_named_in_a_grant_is_read_and_written() {
    let folder = folder();
    let fifo = folder.path().join("fifo");
    let host = host();
    let rules = [
        rule_from("file-read /d types=fifo", folder.path()),
        rule_from("file-write /d types=fifo", folder.path()),
    ];
    let deployment = deploy(&host, probe(&[]), &[&rules[0], &rules[1]]).await;
    // Opened for reading and writing, so that neither open blocks.
    let mut end = std::fs::File::options()
        .read(true)
        .write(true)
        .open(&fifo)
        .expect("opened");
    end.write_all(b"hello").expect("written");
    assert_eq!(
        attempt(&deployment, &["read-stream", "/d/link"])
            .await
            .as_deref(),
        Ok("hello")
    );
    attempt(&deployment, &["append", "/d/fifo", "back"])
        .await
        .expect("written");
    let mut answer = [0; 4];
    std::io::Read::read_exact(&mut end, &mut answer).expect("read");
    assert_eq!(&answer, b"back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_of_one_fifo_gives_only_that_fifo() {
    let folder = folder();
    let host = host();
    let rule = format!(
        "file-read /d/fifo from={}",
        folder.path().join("fifo").display()
    );
    let refused = host
        .deploy(probe(&[]))
        .grants(grants(&[&rule]))
        .await
        .expect_err("it is a FIFO");
    assert_eq!(refused.kind(), ErrorKind::GrantUnusable);
    let message = refused.to_string();
    assert!(
        message.contains("is a FIFO; if this is intended, write `"),
        "{message}"
    );
    let line = message
        .split("write `")
        .nth(1)
        .and_then(|rest| rest.strip_suffix('`'))
        .expect("a line");
    let deployment = deploy(&host, probe(&[]), &[line]).await;
    assert_eq!(
        attempt(&deployment, &["keep", "/d/fifo"]).await.as_deref(),
        Ok("kept")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_needs_a_grant_that_names_it() {
    let host = host();
    let dev = Path::new("/dev");
    let deployment = deploy(&host, probe(&[]), &[&rule_from("file-read /d", dev)]).await;
    attempt(&deployment, &["read", "/d/null"])
        .await
        .expect_err("it is a device");
    attempt(&deployment, &["stat", "/d/null"])
        .await
        .expect("its existence is not secret");
    host.remove(deployment.name().as_str())
        .await
        .expect("removed");
    let deployment = deploy(
        &host,
        probe(&[]),
        &[&rule_from("file-read /d types=device", dev)],
    )
    .await;
    assert_eq!(
        attempt(&deployment, &["read", "/d/null"]).await.as_deref(),
        Ok("")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_cannot_be_opened() {
    let folder = folder();
    let record = RecordedDecisions::default();
    let host = builder().audit_log(record.clone()).build().expect("a host");
    let rule = rule_from(
        "file-read /d types=fifo,device filesystems=any",
        folder.path(),
    );
    let deployment = deploy(&host, probe(&[]), &[&rule]).await;
    attempt(&deployment, &["keep", "/d/socket"])
        .await
        .expect_err("it is a socket");
    let denials = denials(&record);
    assert!(
        denials
            .iter()
            .any(|line| line.contains("is a socket, which cannot be opened by path")),
        "{denials:?}"
    );
}

/// A path with more rights does not pass them on.
#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_is_not_renamed_to_a_path_where_it_may_be_opened() {
    let folder = folder();
    let host = host();
    let rules = [
        rule_from("file-read /d", folder.path()),
        rule_from("file-write /d", folder.path()),
        "file-read /d/*.pipe types=fifo".to_owned(),
    ];
    let deployment = deploy(&host, probe(&[]), &[&rules[0], &rules[1], &rules[2]]).await;
    attempt(&deployment, &["rename", "/d/fifo", "/d/fifo.pipe"])
        .await
        .expect_err("other grants");
    attempt(&deployment, &["rename", "/d/fifo", "/d/other"])
        .await
        .expect("the same grants");
}

#[cfg(target_os = "linux")]
mod file_systems {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_grant_of_proc_is_refused_with_the_rule_that_allows_it() {
        let host = host();
        for rule in [
            "file-read /d from=/proc",
            "file-write /d from=/proc/self",
            "file-read /d/stat from=/proc/self/stat",
        ] {
            let refused = host
                .deploy(probe(&[]))
                .grants(grants(&[rule]))
                .await
                .expect_err(rule);
            assert_eq!(refused.kind(), ErrorKind::GrantUnusable, "{rule}");
            let message = refused.to_string();
            assert!(message.contains("file system of type `proc`"), "{message}");
            let line = message
                .split("write `")
                .nth(1)
                .and_then(|rest| rest.strip_suffix('`'))
                .expect("a line");
            assert_eq!(line, format!("{rule} filesystems=proc"));
            let deployment = deploy(&host, probe(&[]), &[line]).await;
            host.remove(deployment.name().as_str())
                .await
                .expect("removed");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_grant_of_everything_excludes_pseudo_file_systems() {
        let record = RecordedDecisions::default();
        let host = builder().audit_log(record.clone()).build().expect("a host");
        let deployment = deploy(&host, probe(&[]), &["file-read /", "file-write /"]).await;
        for attempted in [
            &["read", "/proc/self/environ"][..],
            &["read", "/proc/thread-self/maps"],
            &["list", "/proc"],
            &["stat", "/proc/self/environ"],
            &["hash", "/proc/self"],
            &["readlink", "/proc/self"],
            &["read", "/proc/self/../../etc/passwd"],
            &["write-at", "/proc/self/oom_score_adj", "0", "0"],
            &["set-times", "/proc/self/environ"],
            &["link", "/proc/self/environ", "/tmp/environ"],
            &["rename", "/proc/self/environ", "/tmp/environ"],
            &["remove", "/proc/self/environ"],
            &["mkdir", "/sys/made"],
            &["read", "/sys/kernel/notes"],
        ] {
            let told = attempt(&deployment, attempted)
                .await
                .expect_err("it is no ordinary file");
            assert_eq!(told, "not-permitted", "{attempted:?}");
        }
        let denials = denials(&record);
        let line = "is on a file system of type `proc`, which needs `filesystems=proc` in a grant";
        assert!(
            denials.iter().any(|denial| denial.contains(line)),
            "{denials:?}"
        );
        attempt(&deployment, &["read", "/etc/passwd"])
            .await
            .expect("an ordinary file");
        attempt(&deployment, &["list", "/"])
            .await
            .expect("mount points are listed");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn magic_links_are_not_followed_even_where_proc_is_granted() {
        let host = host();
        let rules = ["file-read /", "file-read /proc filesystems=proc"];
        for rules in [&rules[..], &["file-read / filesystems=any"]] {
            let deployment = deploy(&host, probe(&[]), rules).await;
            attempt(&deployment, &["read", "/proc/1/stat"])
                .await
                .expect("that is granted");
            for path in [
                "/proc/self/root/etc/passwd",
                "/proc/self/cwd/Cargo.toml",
                "/proc/self/exe",
                "/proc/self/fd/0",
            ] {
                attempt(&deployment, &["read", path]).await.expect_err(path);
            }
            host.remove(deployment.name().as_str())
                .await
                .expect("removed");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn files_open_on_proc_end_with_their_grant() {
        let host = host();
        let rules = ["file-read /d from=/proc filesystems=proc"];
        let deployment = deploy(&host, probe(&[]), &rules).await;
        attempt(&deployment, &["keep", "/d/self/stat"])
            .await
            .expect("opened");
        attempt(&deployment, &["read-kept"]).await.expect("read");
        crate::support::revoke(&host, deployment.name().as_str(), "file-read /d/self").await;
        attempt(&deployment, &["read-kept"])
            .await
            .expect_err("it was revoked");
    }
}
