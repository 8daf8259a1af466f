//! The budget that all components share, and the share of one deployment.

use std::time::Duration;

use airssys_wasm_host::{
    Budget, CallEnd, Deployment, ErrorKind, Host, Instancing, Limits, TestClock,
};
use tokio::task::yield_now;

use crate::support::{guest, start_parked_call, wat};

const PAGE: u64 = 64 << 10;

/// Builds a host whose components share `pages` pages of memory, half of which one deployment may
/// use.
fn host(pages: u64) -> Host {
    let budget = Budget {
        memory_bytes: pages * PAGE,
        ..Budget::from_machine()
    };
    Host::builder()
        .pooled_instances_max(50)
        .budget(budget)
        .build()
        .expect("a host")
}

/// Returns a component with `pages` pages of memory whose `grow` returns the number of pages it
/// had, or -1 if it gets no more.
fn pages(name: &str, pages: u64) -> airssys_wasm_host::Component {
    wat(
        name,
        &format!(
            r#"(component
                (core module $m
                    (memory {pages})
                    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
                    (func (export "spin") (loop (br 0))))
                (core instance $i (instantiate $m))
                (func (export "grow") (param "pages" u32) (result s32) (canon lift (core func $i "grow")))
                (func (export "spin") (canon lift (core func $i "spin"))))"#
        ),
    )
}

async fn grow(deployment: &Deployment, pages: u32) -> i32 {
    let grow = deployment
        .function::<(u32,), (i32,)>("grow")
        .expect("an exported function");
    grow.call((pages,)).await.expect("an answer").0
}

#[tokio::test]
async fn memory_beyond_the_budget_is_refused_to_the_guest() {
    let host = host(40);
    let deployment = host.deploy(pages("eater", 10)).await.expect("deployed");
    assert_eq!(
        grow(&deployment, 10).await,
        10,
        "`grow` returns the previous size"
    );
    assert_eq!(
        grow(&deployment, 11).await,
        -1,
        "21 of the 20 that are its share"
    );
    assert_eq!(
        deployment.status().memory_bytes,
        0,
        "each call released its memory"
    );
}

#[tokio::test]
async fn a_call_waits_for_memory_until_another_releases_it() {
    let host = host(40);
    let limits = Limits {
        call_deadline: Duration::from_secs(600),
        ..Limits::default()
    };
    let deployment = host
        .deploy(pages("waiting", 15))
        .limits(limits)
        .await
        .expect("deployed");
    let spin = deployment
        .function::<(), ()>("spin")
        .expect("an exported function");
    let spinning = tokio::spawn(async move { spin.call(()).await });
    while deployment.status().slices == 0 {
        yield_now().await;
    }
    let grow = deployment
        .function::<(u32,), (i32,)>("grow")
        .expect("an exported function");
    let waiting = tokio::spawn(async move { grow.call((0,)).await });
    let before = deployment.status().slices;
    while deployment.status().slices < before + 5 {
        yield_now().await;
    }
    assert!(!waiting.is_finished());
    assert_eq!(deployment.status().memory_bytes, 15 * PAGE);
    spinning.abort();
    assert_eq!(waiting.await.expect("a task").expect("an answer").0, 15);
}

#[tokio::test]
async fn one_deployment_leaves_the_others_their_share() {
    let host = host(40);
    let greedy = host
        .deploy(pages("greedy", 20))
        .instancing(Instancing::Stateful)
        .await
        .expect("deployed");
    assert_eq!(grow(&greedy, 1).await, -1);
    let modest = host
        .deploy(pages("modest", 20))
        .await
        .expect("enough memory is left");
    assert_eq!(grow(&modest, 0).await, 20);
    assert_eq!(greedy.status().memory_bytes, 20 * PAGE);
}

#[tokio::test]
async fn idle_instances_make_room_for_needed_ones() {
    let host = host(30);
    let pool = Instancing::pooled(4);
    let idle = host
        .deploy(pages("idle", 15))
        .instancing(pool)
        .await
        .expect("deployed");
    assert_eq!(grow(&idle, 0).await, 15);
    assert_eq!(idle.status().memory_bytes, 15 * PAGE);
    let other = host
        .deploy(pages("other", 10))
        .instancing(pool)
        .await
        .expect("deployed");
    let third = host
        .deploy(pages("third", 10))
        .await
        .expect("an idle instance was dropped");
    assert_eq!(grow(&third, 0).await, 10);
    assert_eq!(grow(&other, 0).await, 10);
    assert_eq!(grow(&idle, 0).await, 15);
}

/// The memory of an instance that becomes idle goes to a call that is waiting for memory.
#[tokio::test]
async fn an_instance_that_becomes_idle_makes_room_for_a_waiting_call() {
    let host = host(40);
    let sleeper = host
        .deploy(guest("limits-sleep"))
        .instancing(Instancing::pooled(1))
        .await;
    let sleeper = sleeper.expect("deployed");
    let taken = sleeper.status().memory_bytes / PAGE;
    assert!((11..=20).contains(&taken), "{taken} pages");
    let sleeping = start_parked_call(&sleeper, 300).await;
    let _rest = host
        .deploy(pages("rest", 20))
        .instancing(Instancing::Stateful)
        .await
        .expect("deployed");
    host.deploy(pages("third", 10))
        .await
        .expect("enough memory once the sleeper has returned");
    sleeping
        .await
        .expect("a task")
        .expect("the sleeper returned");
}

#[tokio::test]
async fn a_component_larger_than_its_share_is_refused_at_once() {
    let error = host(40)
        .deploy(pages("large", 21))
        .await
        .expect_err("its share is 20");
    assert_eq!(error.kind(), ErrorKind::OverBudget);
    let end = error
        .call_end()
        .expect("an end, by which calls are counted");
    assert_eq!((end, end.label()), (CallEnd::OverBudget, "over-budget"));
    assert!(end.is_failure());
    assert!(
        error
            .to_string()
            .contains("its share of the host's budget is 1310720"),
        "{error}"
    );
}

#[tokio::test]
async fn an_invalid_budget_is_refused() {
    let budget = Budget {
        memory_bytes: 0,
        share_percent: 0,
        ..Budget::from_machine()
    };
    let error = Host::builder().budget(budget).build().expect_err("none");
    assert_eq!(error.code(), "invalid-limits");
}

/// Many concurrent calls that take all the memory they can get stay within the share of their
/// deployment.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_that_eat_memory_stay_within_the_share_of_their_deployment() {
    let budget = Budget {
        memory_bytes: 128 << 20,
        ..Budget::from_machine()
    };
    let host = Host::builder()
        .pooled_instances_max(50)
        .budget(budget)
        .build()
        .expect("a host");
    let eater = host
        .deploy(guest("limits-eat-memory"))
        .await
        .expect("deployed");
    let calls: Vec<_> = (0..24)
        .map(|_| {
            let eat = eater.dynamic_function("eat").expect("an exported function");
            tokio::spawn(async move { eat.call_wave("(200)").await })
        })
        .collect();
    let mut most = 0;
    while calls.iter().any(|call| !call.is_finished()) {
        most = most.max(eater.status().memory_bytes);
        yield_now().await;
    }
    assert!(most <= 64 << 20, "{most}");
    for call in calls {
        let error = call.await.expect("a task").expect_err("not enough memory");
        assert!(error.to_string().contains("budget"), "{error}");
    }
}

/// Returns a component of ten thousand functions, which takes longer to compile than a host of this
/// test waits.
fn large(name: &str) -> airssys_wasm_host::Component {
    let function = "(func (param i32) (result i32) (i32.add (local.get 0) (i32.const 7)))";
    wat(
        name,
        &format!("(component (core module {}))", function.repeat(10_000)),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_waits_for_the_compiler_as_long_as_the_budget_allows() {
    let clock = TestClock::new();
    let budget = Budget {
        compile_time_max: Duration::from_secs(30),
        ..Budget::from_machine()
    };
    let host = Host::builder()
        .pooled_instances_max(4)
        .budget(budget)
        .test_clock(&clock);
    let host = host.build().expect("a host");
    let deploying = tokio::spawn({
        let host = host.clone();
        async move { host.deploy(large("large")).await }
    });
    while !deploying.is_finished() {
        clock.advance(Duration::from_secs(31));
        yield_now().await;
    }
    let error = deploying
        .await
        .expect("a task")
        .expect_err("the compiler took too long");
    assert_eq!(error.kind(), ErrorKind::OverBudget);
    assert!(
        error.to_string().contains("did not compile within 30s"),
        "{error}"
    );
    assert!(
        host.deployment("large").await.is_err(),
        "nothing was deployed"
    );
}
