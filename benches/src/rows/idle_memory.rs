//! The memory of an idle deployment, and the time of calls where many components are deployed.

use std::time::Instant;

use airssys_wasm_host::{Function, Host, Instancing};
use airssys_wasm_tests::guests::guest;

use crate::measure::{median, on_one_thread};
use crate::memory::resident_bytes;
use crate::report::{Goal, Row, Unit};

const GUEST: &str = "greeter-v1";
const DEPLOYED: u32 = 10_000;

pub(crate) fn rows() -> Vec<Row> {
    on_one_thread(async {
        let host = Host::builder().build().expect("a host");
        let component = guest(GUEST);
        let first = host
            .deploy(component.clone())
            .name("greeter-0")
            .instancing(Instancing::pooled(1))
            .await
            .expect("deployed");
        let greet = first.function("greet").expect("it greets");
        let alone = call_time(&greet).await;
        let before = resident_bytes();
        for number in 1..=DEPLOYED {
            host.deploy(component.clone())
                .name(format!("greeter-{number}"))
                .await
                .expect("deployed");
        }
        let each = (resident_bytes() - before) / f64::from(DEPLOYED);
        let among_many = call_time(&greet).await;
        vec![
            Row {
                name: "memory of an idle deployment, one of 10,000".into(),
                guest: GUEST,
                peer: "the goal itself: 64 KiB".into(),
                ours: each,
                theirs: 65_536.0,
                unit: Unit::Bytes,
                goal: Goal::RatioAtMost(1.0),
            },
            Row::from_times(
                "typed call, 10,000 deployed",
                GUEST,
                "the same call, one deployed",
                (among_many, alone),
                1.1,
            ),
        ]
    })
}

async fn call_time(greet: &Function<(String,), (String,)>) -> f64 {
    let mut times = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        for _ in 0..1_000 {
            greet.call(("Ada".into(),)).await.expect("an answer");
        }
        times.push(begun.elapsed().as_nanos() as f64 / 1_000.0);
    }
    median(&mut times)
}
