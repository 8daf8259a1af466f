//! A revocation takes effect at once and permanently.

use std::time::Duration;

use airssys_wasm_host::{Host, Instancing, TestClock, policy::FileAccess, policy::Operation};

use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::probe::{RecordedDecisions, attempt, builder, deploy, grants, host, probe};

/// Repeated: a call that begins after `revoke` has returned is denied.
#[tokio::test(flavor = "multi_thread")]
async fn no_call_that_begins_after_a_revocation_gets_through() {
    let host = host();
    for round in 0..50 {
        let rules = ["config a value=1"];
        let deploy = host
            .deploy(probe(&[]))
            .grants(grants(&rules))
            .instancing(Instancing::pooled(4));
        let deployment = deploy.await.expect("deployed");
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let deployment = deployment.clone();
                tokio::spawn(async move {
                    for _ in 0..20 {
                        attempt(&deployment, &["config", "a"]).await.ok();
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_micros(round * 40)).await;
        crate::support::revoke(&host, "attack-probe", "config a").await;
        assert!(
            attempt(&deployment, &["config", "a"]).await.is_err(),
            "round {round}"
        );
        for caller in callers {
            caller.await.expect("a caller");
        }
        host.remove("attack-probe").await.expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_takes_effect_at_its_first_poll() {
    let host = host();
    let deployment = deploy(&host, probe(&[]), &["config a value=1"]).await;
    attempt(&deployment, &["config", "a"])
        .await
        .expect("granted");
    // Polls it once, and drops it.
    let _ = deployment.revoke("config a").now_or_never();
    let denied = attempt(&deployment, &["config", "a"]).await;
    denied.expect_err("it is revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_and_resources_opened_under_it_end_at_its_expiry() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.txt"), "a").expect("a file");
    let clock = TestClock::new();
    let host = Host::builder()
        .pooled_instances_max(50)
        .test_clock(&clock)
        .build()
        .expect("a host");
    let hour = Duration::from_secs(3_600);
    let until = std::time::SystemTime::now() + hour;
    let rule = format!(
        "file-read /data from={} until={}",
        folder.path().display(),
        humantime::format_rfc3339_seconds(until)
    );
    let deployment = deploy(&host, probe(&[]), &[&rule]).await;
    assert_eq!(
        attempt(&deployment, &["keep", "/data/a.txt"])
            .await
            .as_deref(),
        Ok("kept")
    );
    assert_eq!(
        attempt(&deployment, &["read-kept"]).await.as_deref(),
        Ok("a")
    );
    assert!(attempt(&deployment, &["identity-kept"]).await.is_ok());
    clock.advance(hour);
    assert!(attempt(&deployment, &["read-kept"]).await.is_err());
    assert!(attempt(&deployment, &["identity-kept"]).await.is_err());
    assert!(
        attempt(&deployment, &["read", "/data/a.txt"])
            .await
            .is_err()
    );
    let operation = Operation::File {
        access: FileAccess::Read,
        path: "/data/a.txt".into(),
    };
    let explained = deployment.explain(&operation).to_string();
    assert!(explained.contains("has expired"), "{explained}");
}

/// A read from a silent peer is woken by the revocation.
#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_read_ends_with_its_grant() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a listener");
    let address = silent.local_addr().expect("an address").to_string();
    let accepting = tokio::spawn(async move {
        let (stream, _) = silent.accept().await.expect("a connection");
        tokio::time::sleep(Duration::from_secs(20)).await;
        drop(stream);
    });
    let record = RecordedDecisions::default();
    let host = builder().audit_log(record.clone()).build().expect("a host");
    let deployment = deploy(&host, probe(&[]), &[&format!("tcp {address}")]).await;
    let waiting = tokio::spawn(async move { attempt(&deployment, &["tcp", &address]).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let revoked = std::time::Instant::now();
    crate::support::revoke(&host, "attack-probe", "tcp 127.0.0.1:*").await;
    let told = waiting.await.expect("a task");
    assert!(
        revoked.elapsed() < Duration::from_secs(5),
        "it waited on for {:?}",
        revoked.elapsed()
    );
    assert!(
        told.as_deref().is_err() || told.as_deref() == Ok(""),
        "{told:?}"
    );
    assert!(
        record
            .lines()
            .iter()
            .any(|line| line.contains("\"reason\":\"revoked\"")),
        "{:?}",
        record.lines()
    );
    accepting.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_a_flood_is_counted() {
    let record = RecordedDecisions::default();
    let host = builder().audit_log(record.clone()).build().expect("a host");
    let deployment = deploy(&host, probe(&[]), &[]).await;
    let told = attempt(&deployment, &["flood", "config", "a", "5000"]).await;
    assert_eq!(told.as_deref(), Ok("5000 of 5000 refused"));
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let counts: Vec<u64> = record
        .lines()
        .iter()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["count"].as_u64())
        .collect();
    assert_eq!(counts.iter().sum::<u64>(), 5_000);
    assert!(counts.len() < 500, "{} records", counts.len());
}

/// Connections of an idle instance are closed without a call to the instance.
#[tokio::test(flavor = "multi_thread")]
async fn connections_of_an_idle_instance_are_closed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a listener");
    let address = listener.local_addr().expect("an address").to_string();
    let host = host();
    let rule = format!("tcp {address}");
    let deploy = host
        .deploy(probe(&[]))
        .grants(grants(&[&rule]))
        .instancing(Instancing::pooled(1));
    let deployment = deploy.await.expect("deployed");
    let keeping = tokio::spawn(async move { attempt(&deployment, &["tcp-keep", &address]).await });
    let (mut peer, _) = listener.accept().await.expect("a connection");
    peer.read_exact(&mut [0; 5]).await.expect("the request");
    peer.write_all(b"hello").await.expect("sent");
    assert_eq!(keeping.await.expect("a caller").as_deref(), Ok("kept"));
    crate::support::revoke(&host, "attack-probe", &rule).await;
    let ended = tokio::time::timeout(Duration::from_secs(10), peer.read(&mut [0; 1])).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
}

/// A descriptor has a permit for each use, and any of them includes reading the metadata.
#[tokio::test]
async fn a_write_that_is_still_granted_survives_the_revocation_of_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.txt"), "old").expect("a file");
    let host = host();
    let from = folder.path().display();
    let rules = [
        format!("file-read /d from={from}"),
        format!("file-write /d from={from}"),
    ];
    let deployment = deploy(&host, probe(&[]), &[&rules[0], &rules[1]]).await;
    attempt(&deployment, &["keep-writable", "/d/a.txt"])
        .await
        .expect("opened");
    crate::support::revoke(&host, "attack-probe", "file-read /d").await;
    let told = attempt(&deployment, &["stat-kept"]).await;
    assert_eq!(told.as_deref(), Ok("3 bytes"));
    let told = attempt(&deployment, &["read-kept"]).await;
    assert_eq!(told, Err("not-permitted".to_owned()));
    attempt(&deployment, &["write-kept", "new"])
        .await
        .expect("it is still granted");
    let text = std::fs::read_to_string(folder.path().join("a.txt"));
    assert_eq!(text.expect("a file"), "new");
}

#[tokio::test]
async fn files_and_directories_without_any_permit_are_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    std::fs::write(folder.path().join("a.txt"), "a").expect("a file");
    for path in ["/d/a.txt", "/d/sub"] {
        let host = host();
        let rule = format!("file-read /d from={}", folder.path().display());
        let deployment = deploy(&host, probe(&[]), &[&rule]).await;
        attempt(&deployment, &["keep", path]).await.expect("opened");
        assert_eq!(deployment.status().descriptors, 1, "{path}");
        crate::support::revoke(&host, "attack-probe", "file-read /d").await;
        for _ in 0..2 {
            let told = attempt(&deployment, &["stat-kept"]).await;
            assert_eq!(told, Err("not-permitted".to_owned()), "{path}");
            assert_eq!(deployment.status().descriptors, 0, "{path}");
        }
    }
}

/// Their revision was replaced, and a call in progress keeps it from ending.
#[tokio::test(flavor = "multi_thread")]
async fn connections_of_an_idle_instance_that_drains_are_closed() {
    let (listener, silent) = (
        tokio::net::TcpListener::bind("127.0.0.1:0").await,
        tokio::net::TcpListener::bind("127.0.0.1:0").await,
    );
    let (listener, silent) = (listener.expect("a listener"), silent.expect("a listener"));
    let address = listener.local_addr().expect("an address").to_string();
    let silent_address = silent.local_addr().expect("an address").to_string();
    let host = host();
    let (rule, other) = (format!("tcp {address}"), format!("tcp {silent_address}"));
    let deploy = host
        .deploy(probe(&[]))
        .grants(grants(&[&rule, &other]))
        .instancing(Instancing::pooled(2));
    let deployment = deploy.await.expect("deployed");
    let parked = deployment.clone();
    let parked = tokio::spawn(async move { attempt(&parked, &["tcp", &silent_address]).await });
    let (_silent, _) = silent.accept().await.expect("a connection");
    let keeping = tokio::spawn(async move { attempt(&deployment, &["tcp-keep", &address]).await });
    let (mut peer, _) = listener.accept().await.expect("a connection");
    peer.read_exact(&mut [0; 5]).await.expect("the request");
    peer.write_all(b"hello").await.expect("sent");
    assert_eq!(keeping.await.expect("a caller").as_deref(), Ok("kept"));
    let update = host.update("attack-probe", probe(&[])).any_version().await;
    assert_eq!(update.expect("updated").calls_draining(), 1);
    crate::support::revoke(&host, "attack-probe", &rule).await;
    let ended = tokio::time::timeout(Duration::from_secs(10), peer.read(&mut [0; 1])).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
    assert!(!parked.is_finished());
    parked.abort();
}
