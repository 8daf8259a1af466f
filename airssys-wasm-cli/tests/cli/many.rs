//! A thousand deployments: they are listed without noticeable delay, even right after a start.

use std::time::{Duration, Instant};

use airssys_wasm_host::Host;
use airssys_wasm_tests::guests;

use super::support::TestDir;

const DEPLOYMENTS: usize = 1_000;
/// A delay that a person does not notice.
const UNNOTICEABLE: Duration = Duration::from_millis(50);

fn deploy_all(place: &TestDir) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let host = Host::builder()
            .state_directory(place.state())
            .build()
            .expect("a host");
        for number in 0..DEPLOYMENTS {
            let deploy = host
                .deploy(guests::guest("greeter-v1"))
                .name(format!("greeter-{number}"));
            drop(deploy.await.expect("deployed"));
        }
    });
}

/// Returns the shortest of several runs, because the machine may be busy.
fn shortest(times: usize, mut act: impl FnMut()) -> Duration {
    let time = |()| {
        let begun = Instant::now();
        act();
        begun.elapsed()
    };
    std::iter::repeat_n((), times)
        .map(time)
        .min()
        .expect("some")
}

#[test]
fn a_thousand_deployments_are_listed_without_delay() {
    let place = TestDir::new();
    deploy_all(&place);
    let process = place.serve();
    let list = || assert_eq!(place.run(&["list"]).ok().lines().count(), DEPLOYMENTS + 1);
    let took = shortest(30, list);
    assert!(took < UNNOTICEABLE, "{took:?}");
    // It is ready as quickly after a kill.
    process.kill();
    let took = shortest(3, || {
        let process = place.serve();
        list();
        process.kill();
    });
    assert!(took < Duration::from_secs(1), "{took:?}");
    let _process = place.serve();
    assert_eq!(
        place.run(&["call", "greeter-999", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
}
