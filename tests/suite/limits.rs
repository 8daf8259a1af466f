//! Every limit, each with a guest that exceeds it. Each test fails if the line that enforces the
//! limit is removed.

use std::time::{Duration, Instant};

use airssys_wasm_host::{Deployment, ErrorKind, Host, Instancing, Limits};

use crate::support::{RecordedLines, call, guest, host, wat, wat_file};

async fn deploy(name: &str, limits: Limits) -> (Host, Deployment) {
    let host = host();
    let deployment = host
        .deploy(guest(name))
        .limits(limits)
        .await
        .expect("deployed");
    (host, deployment)
}

fn short_deadline() -> Limits {
    Limits {
        call_deadline: Duration::from_millis(200),
        ..Limits::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_computes_forever_ends_at_its_deadline() {
    let (_host, spin) = deploy("limits-spin", short_deadline()).await;
    let begun = Instant::now();
    let error = call(&spin, "spin", "()")
        .await
        .expect_err("it never returns");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(
        error.to_string().contains("`call_deadline` is 200ms"),
        "{error}"
    );
    assert!(
        format!("{error:?}").contains("backtrace"),
        "it contains a backtrace of the guest: {error:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

/// Deadlines are checked with each slice.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_deadline_is_enforced() {
    let short = Limits {
        call_deadline: Duration::from_millis(20),
        ..Limits::default()
    };
    let (_host, deployment) = deploy("limits-spin", short).await;
    let mut shortest = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        let error = call(&deployment, "spin", "()")
            .await
            .expect_err("out of time");
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
        shortest = shortest.min(begun.elapsed());
    }
    assert!(shortest < Duration::from_millis(90), "{shortest:?}");
}

/// Yielding lets the executor run other tasks, even on one thread.
#[tokio::test(flavor = "current_thread")]
async fn a_guest_that_computes_lets_others_run() {
    let (_host, spin) = deploy(
        "limits-spin",
        Limits {
            call_deadline: Duration::from_secs(1),
            ..short_deadline()
        },
    )
    .await;
    let spinning = tokio::spawn(async move { call(&spin, "spin", "()").await });
    tokio::task::yield_now().await;
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(
        begun.elapsed() < Duration::from_millis(600),
        "{:?}",
        begun.elapsed()
    );
    spinning
        .await
        .expect("a task")
        .expect_err("it never returns");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_waits_in_a_host_call_ends_at_its_deadline() {
    let (_host, sleep) = deploy("limits-sleep", short_deadline()).await;
    let begun = Instant::now();
    let error = call(&sleep, "sleep", "(60000)")
        .await
        .expect_err("it sleeps for a minute");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    call(&sleep, "sleep", "(1)")
        .await
        .expect("the next call has its own instance and deadline");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_spins_while_it_starts_is_refused() {
    let host = host();
    let error = host
        .deploy(guest("start-spins"))
        .limits(short_deadline())
        .await
        .expect_err("it never starts");
    assert_eq!(error.kind(), ErrorKind::StartFailed);
    assert!(
        error.to_string().contains("`call_deadline` is 200ms"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn time_spent_waiting_for_an_instance_counts() {
    let host = host();
    let limits = Limits {
        call_deadline: Duration::from_millis(300),
        ..Limits::default()
    };
    let sleep = host
        .deploy(guest("limits-sleep"))
        .limits(limits)
        .instancing(Instancing::pooled(1))
        .await;
    let sleep = sleep.expect("deployed");
    let long = sleep.clone();
    let long = tokio::spawn(async move { call(&long, "sleep", "(60000)").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    drop(
        call(&sleep, "sleep", "(60000)")
            .await
            .expect_err("no time is left"),
    );
    assert!(
        begun.elapsed() < Duration::from_millis(1500),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(
        long.await.expect("a task").expect_err("too long").kind(),
        ErrorKind::DeadlineExceeded
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_and_the_error_names_the_limit() {
    let (_host, eat) = deploy(
        "limits-eat-memory",
        Limits {
            memory_bytes_max: 16 << 20,
            ..Limits::default()
        },
    )
    .await;
    assert_eq!(
        call(&eat, "eat", "(8)").await.expect("it fits").as_deref(),
        Some("8")
    );
    let error = call(&eat, "eat", "(64)")
        .await
        .expect_err("it does not fit");
    assert_eq!(error.kind(), ErrorKind::Trapped);
    assert!(
        error.to_string().contains("`memory_bytes_max` is 16777216"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_memories_share_one_limit() {
    let limits = Limits {
        memory_bytes_max: 3 << 16,
        ..Limits::default()
    };
    let two = wat_file("two-memories");
    host()
        .deploy(two.clone())
        .limits(Limits {
            memory_bytes_max: 4 << 16,
            ..Limits::default()
        })
        .await
        .expect("it fits");
    let host = host();
    let error = host
        .deploy(two)
        .limits(limits)
        .await
        .expect_err("two memories of two pages each");
    assert_eq!(error.kind(), ErrorKind::StartFailed);
    assert!(error.to_string().contains("`memory_bytes_max`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_bounded() {
    let limits = |table_elements_max| Limits {
        table_elements_max,
        ..Limits::default()
    };
    let grow = async |max| {
        let host = host();
        let table = host
            .deploy(wat_file("grows-a-table"))
            .limits(limits(max))
            .await
            .expect("deployed");
        call(&table, "grow", "(500)").await.expect("it answers")
    };
    assert_eq!(grow(1_000).await.as_deref(), Some("1"));
    assert_eq!(grow(400).await.as_deref(), Some("-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn core_instances_are_bounded() {
    let limits = Limits {
        core_instances_max: 1,
        ..Limits::default()
    };
    for (what, parts) in [
        (
            "instance",
            "(core module $m) (core instance (instantiate $m)) (core instance (instantiate $m))",
        ),
        (
            "memor",
            "(core module $m (memory 1) (memory 1)) (core instance (instantiate $m))",
        ),
        (
            "table",
            "(core module $m (table 1 funcref) (table 1 funcref)) (core instance (instantiate $m))",
        ),
    ] {
        let two = wat("two", &format!("(component {parts})"));
        let error = host()
            .deploy(two)
            .limits(limits.clone())
            .await
            .expect_err(what);
        assert_eq!(error.kind(), ErrorKind::StartFailed);
        assert!(format!("{error:?}").contains(what), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_ends_at_the_stack() {
    let (_host, recurse) = deploy("limits-recurse", Limits::default()).await;
    assert_eq!(
        call(&recurse, "recurse", "(100)")
            .await
            .expect("shallow")
            .as_deref(),
        Some("100")
    );
    let error = call(&recurse, "recurse", "(100000000)")
        .await
        .expect_err("deep");
    assert_eq!(error.kind(), ErrorKind::Trapped);
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_are_bounded() {
    let limits = Limits {
        handles_max: 50,
        ..Limits::default()
    };
    let (_host, handles) = deploy("limits-handles", limits).await;
    assert_eq!(
        call(&handles, "open", "(20)")
            .await
            .expect("it fits")
            .as_deref(),
        Some("20")
    );
    call(&handles, "open", "(100)")
        .await
        .expect_err("it does not fit");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_copied_out_by_one_call_are_bounded() {
    let limits = Limits {
        hostcall_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let (_host, strings) = deploy("limits-strings", limits).await;
    let give = strings
        .function::<(u32,), (Vec<u8>,)>("give")
        .expect("an exported function");
    assert_eq!(give.call((1000,)).await.expect("it fits").0.len(), 1000);
    give.call((4 << 20,)).await.expect_err("it does not fit");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_at_once_are_bounded() {
    let (_host, random) = deploy(
        "limits-random",
        Limits {
            random_bytes_max: 100,
            ..Limits::default()
        },
    )
    .await;
    assert_eq!(
        call(&random, "random", "(100)")
            .await
            .expect("it fits")
            .as_deref(),
        Some("100")
    );
    call(&random, "random", "(101)")
        .await
        .expect_err("it does not fit");
}

#[tokio::test(flavor = "multi_thread")]
async fn fuel_is_counted_where_it_is_configured() {
    let limits = Limits {
        fuel_per_call: Some(200_000),
        ..Limits::default()
    };
    let (_host, recurse) = deploy("limits-recurse", limits).await;
    for _ in 0..3 {
        call(&recurse, "recurse", "(10)")
            .await
            .expect("each call has its own fuel");
    }
    let (_host, spin) = deploy(
        "limits-spin",
        Limits {
            fuel_per_call: Some(200_000),
            ..Limits::default()
        },
    )
    .await;
    let error = call(&spin, "spin", "()")
        .await
        .expect_err("it never returns");
    assert_eq!(error.kind(), ErrorKind::FuelExhausted);
    assert!(
        error.to_string().contains("`fuel_per_call` is 200000"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn output_of_a_guest_is_bounded() {
    for name in ["limits-flood-stdout", "limits-flood-stderr"] {
        let lines = RecordedLines::default();
        let host = Host::builder()
            .pooled_instances_max(50)
            .guest_log(lines.clone())
            .build()
            .expect("a host");
        let limits = Limits {
            log_bytes_per_second_max: 10_000,
            ..Limits::default()
        };
        let flood = host
            .deploy(guest(name))
            .limits(limits)
            .await
            .expect("deployed");
        let begun = Instant::now();
        call(&flood, "flood", "(20000, 99)")
            .await
            .expect("flooding is no error");
        let seconds = begun.elapsed().as_secs() as usize + 2;
        let printed = lines.all(&host).await.len();
        assert!(
            printed >= 50 && printed <= 100 * seconds,
            "{printed} lines of 100 bytes in {seconds} s"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_calls_are_bounded_and_queued() {
    let host = host();
    let limits = Limits {
        concurrent_calls_max: 2,
        ..Limits::default()
    };
    let sleep = host
        .deploy(guest("limits-sleep"))
        .limits(limits)
        .await
        .expect("deployed");
    let begun = Instant::now();
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let sleep = sleep.clone();
            tokio::spawn(async move { call(&sleep, "sleep", "(50)").await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(25)).await;
    assert_eq!(sleep.status().instances, 2);
    for call in calls {
        call.await.expect("a task").expect("every call is served");
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(150),
        "three rounds of two: {:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_cannot_be_enforced_are_refused() {
    let limits = Limits {
        memory_bytes_max: 0,
        fuel_per_call: Some(0),
        ..Limits::default()
    };
    let host = host();
    let error = host
        .deploy(wat("nothing", "(component)"))
        .limits(limits)
        .await
        .expect_err("zeroes");
    assert_eq!(error.code(), "invalid-limits");
    assert!(
        error
            .to_string()
            .contains("`memory_bytes_max` is 0; `fuel_per_call` is 0"),
        "{error}"
    );
}

/// A trap reports its reason, and the next call is served by a new instance.
#[tokio::test(flavor = "multi_thread")]
async fn a_trapped_instance_is_never_used_again() {
    let host = host();
    let counter = host
        .deploy(guest("plain-bindgen"))
        .instancing(Instancing::pooled(1))
        .await
        .expect("deployed");
    let error = call(&counter, "trap", "()").await.expect_err("it traps");
    assert_eq!(error.kind(), ErrorKind::Trapped);
    assert_eq!(counter.status().instances, 0);
    assert_eq!(
        call(&counter, "add", "(1, 2)")
            .await
            .expect("a fresh one")
            .as_deref(),
        Some("3")
    );
}
