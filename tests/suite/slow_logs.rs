//! Slow logs of the embedder: which callers wait for them, and which do not.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use airssys_wasm_host::{AuditLog, AuditRecord, GuestLine, GuestLog, Host, Limits};
use parking_lot::Mutex;

use crate::capabilities::probe::{attempt, probe};
use crate::support::{greet, guest};

/// Time after which a test gives up waiting.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A log that accepts nothing until the sender is dropped, and then records everything.
#[derive(Clone)]
struct BlockedLog(Arc<BlockedLogState>);

struct BlockedLogState {
    held: Mutex<Receiver<()>>,
    lines: Mutex<Vec<(String, u64)>>,
}

impl BlockedLog {
    fn new() -> (Self, Sender<()>) {
        let (release, held) = channel();
        (
            Self(Arc::new(BlockedLogState {
                held: Mutex::new(held),
                lines: Mutex::default(),
            })),
            release,
        )
    }

    fn take(&self, line: String, count: u64) {
        let _ = self.0.held.lock().recv();
        self.0.lines.lock().push((line, count));
    }
}

impl GuestLog for BlockedLog {
    fn line(&self, line: GuestLine<'_>) {
        self.take(line.deployment.to_string(), line.dropped_before);
    }
}

impl AuditLog for BlockedLog {
    fn record(&self, record: &AuditRecord) {
        self.take(record.operation.action().to_owned(), record.count);
    }
}

fn builder() -> airssys_wasm_host::HostBuilder {
    Host::builder().pooled_instances_max(20)
}

/// Runs on one thread, so that blocking the thread would block the test.
#[tokio::test]
async fn a_blocked_guest_log_delays_no_call() {
    let (log, release) = BlockedLog::new();
    let host = builder().guest_log(log.clone()).build().expect("a host");
    let limits = Limits {
        log_bytes_per_second_max: 1 << 30,
        ..Limits::default()
    };
    let loud = host
        .deploy(guest("limits-flood-stdout"))
        .limits(limits)
        .await
        .expect("deployed");
    let flood = loud
        .dynamic_function("flood")
        .expect("an exported function");
    flood
        .call_wave("(2000, 999)")
        .await
        .expect("flooding is no error");
    let dropped = host.logs().guest_lines_dropped();
    assert!(
        dropped > 1000,
        "{dropped} of 2,000 lines of 1,000 bytes were dropped"
    );
    drop(release);
    host.logs().flush().await;
    assert_eq!(log.0.lines.lock().len() as u64, 2000 - dropped);
    flood.call_wave("(1, 1)").await.expect("printed");
    host.logs().flush().await;
    assert_eq!(
        log.0.lines.lock().last().map(|(_, dropped)| *dropped),
        Some(dropped),
        "the next line reports it"
    );
}

/// Runs on one thread, so that blocking the thread would block the test.
#[tokio::test]
async fn a_blocked_audit_log_delays_only_recorded_calls() {
    let (log, release) = BlockedLog::new();
    let host = builder().audit_log(log.clone()).build().expect("a host");
    let greeter = host.deploy(guest("greeter-v1")).await.expect("deployed");
    let denied = host.deploy(probe(&[])).await.expect("deployed");
    let probe = denied.clone();
    let waiting = tokio::spawn(async move { attempt(&denied, &["lookup", "good.test"]).await });
    while probe.status().calls_in_flight == 0 && !waiting.is_finished() {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        greet(&greeter)
            .call(("Ada".into(),))
            .await
            .expect("an answer");
    }
    assert!(!waiting.is_finished(), "its record was not accepted");
    drop(release);
    waiting.await.expect("no panic").expect_err("it is denied");
    let lines = log.0.lines.lock().clone();
    assert!(lines.iter().any(|(action, _)| action == "dns"), "{lines:?}");
}

#[tokio::test]
async fn a_call_waits_for_the_audit_log_until_its_deadline_and_its_record_is_kept() {
    let (log, release) = BlockedLog::new();
    let host = builder().audit_log(log.clone()).build().expect("a host");
    let limits = Limits {
        call_deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    let denied = host
        .deploy(probe(&[]))
        .limits(limits)
        .await
        .expect("deployed");
    let told = tokio::time::timeout(TIMEOUT, attempt(&denied, &["lookup", "good.test"])).await;
    told.expect("at its deadline").expect_err("it is denied");
    assert!(log.0.lines.lock().is_empty());
    drop((host, denied, release));
    while Arc::strong_count(&log.0) > 1 {
        tokio::task::yield_now().await;
    }
    assert!(
        log.0.lines.lock().iter().any(|(action, _)| action == "dns"),
        "the host delivers queued records"
    );
}
