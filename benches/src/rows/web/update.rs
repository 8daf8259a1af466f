//! The slowest requests during updates, compared with the slowest without them.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use airssys_wasm_host::Instancing;
use airssys_wasm_tests::guests::guest;

use super::ours::{self, OurServer};
use crate::measure::median;
use crate::report::Row;
use crate::wrk;

const ROUNDS: usize = 5;
const WINDOW: Duration = Duration::from_secs(3);
const UPDATES: u32 = 10;

pub(crate) fn rows() -> Vec<Row> {
    let nobody: SocketAddr = ([127, 0, 0, 1], 1).into();
    let ours = ours::serve(Instancing::PerCall, nobody);
    let url = format!("http://{}/", ours.address);
    // Warm-up: compiles and caches the code of both.
    pass_updates(&ours, 2);
    wrk::measure(&url, WINDOW);
    let (mut during, mut before) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        before.push(wrk::measure(&url, WINDOW).p999);
        during.push(thread::scope(|scope| {
            let asking = scope.spawn(|| wrk::measure(&url, WINDOW).p999);
            pass_updates(&ours, UPDATES);
            asking.join().expect("no request failed")
        }));
    }
    vec![Row::from_times(
        "hello, p99.9 while ten updates pass",
        super::GUEST,
        "the same requests without updates, in the same run",
        (median(&mut during), median(&mut before)),
        1.5,
    )]
}

fn pass_updates(ours: &OurServer, updates: u32) {
    for _ in 0..updates {
        thread::sleep(WINDOW / (updates + 1));
        let next = guest(super::GUEST).with_name("web").expect("a name");
        ours.runtime.block_on(async {
            ours.host
                .update("web", next)
                .any_version()
                .await
                .expect("updated")
        });
    }
}
