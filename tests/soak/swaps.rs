//! Performs ten thousand swaps: memory and open files stay flat, and each new revision answers
//! calls. A separate test program because it measures the memory of its own process.
#![cfg(target_os = "linux")]
#![expect(
    clippy::print_stdout,
    reason = "measurements are part of the test's output"
)]

use std::time::{Duration, Instant};

use airssys_wasm_host::{Deployment, Host, Instancing};
use airssys_wasm_tests::guests::guest;
use airssys_wasm_tests::process::status_field;

const SWAPS: u32 = 10_000;

/// The number of instances that may exist at the next swap, those that are being dropped included.
const INSTANCES_MAX: u64 = 8;

/// Time within which handles that are dropped in the background must be closed.
const TIMEOUT: Duration = Duration::from_secs(10);

fn resident_kib() -> u64 {
    status_field(std::process::id(), "VmRSS").expect("`/proc` is readable")
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd")
        .expect("`/proc` is readable")
        .count()
}

/// Waits until at most `most` files are open, or [`TIMEOUT`] has passed, and returns the number of
/// open files. An update closes its files in the background; leaked ones stay open.
async fn wait_for_open_files(most: usize) -> usize {
    let begun = Instant::now();
    while open_files() > most && begun.elapsed() < TIMEOUT {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    open_files()
}

/// Waits until the instances of a deployment have at most so much memory. Instances of earlier
/// revisions are dropped in the background; with too many of them in the pool, the next one is
/// allocated on demand, with files of its own.
async fn wait_for_memory(deployment: &Deployment, bytes_max: u64) {
    let begun = Instant::now();
    while deployment.status().memory_bytes > bytes_max {
        assert!(begun.elapsed() < TIMEOUT, "instances are left behind");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leave_nothing_behind() {
    let host = Host::builder()
        .pooled_instances_max(50)
        .build()
        .expect("a host");
    let deployment = host
        .deploy(guest("greeter-v1"))
        .instancing(Instancing::pooled(2))
        .await
        .expect("deployed");
    let greet = deployment
        .function::<(String,), (String,)>("greet")
        .expect("it greets");
    let (first, second) = (guest("greeter-v1"), guest("greeter-v2"));
    let memory_bytes = deployment.status().memory_bytes;
    let mut settled = (0, 0);
    for swap in 0..SWAPS {
        let (next, greeting) = if swap % 2 == 0 {
            (&second, "Good day, Ada!")
        } else {
            (&first, "Hello, Ada!")
        };
        drop(
            host.update("greeter", next.clone())
                .any_version()
                .await
                .expect("updated"),
        );
        assert_eq!(
            greet.call(("Ada".into(),)).await.expect("an answer").0,
            greeting
        );
        wait_for_memory(&deployment, memory_bytes * INSTANCES_MAX).await;
        if swap == SWAPS / 10 {
            settled = (resident_kib(), open_files());
        }
    }
    let (kib, files) = (resident_kib(), wait_for_open_files(settled.1).await);
    println!(
        "after {} swaps {settled:?} KiB and files, after {SWAPS} ({kib}, {files})",
        SWAPS / 10
    );
    // A leak of one page per swap would add 36 MiB.
    assert!(kib < settled.0 + 16 * 1024, "{settled:?}, then {kib} KiB");
    assert!(files <= settled.1, "{settled:?}, then {files} files");
}
