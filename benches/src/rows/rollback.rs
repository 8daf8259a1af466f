//! A rollback to a revision that is kept warm, measured until new calls go to it.

use std::time::Instant;

use airssys_wasm_host::{Host, Instancing};
use airssys_wasm_tests::guests::guest;

use crate::bare;
use crate::measure::{median, on_one_thread};
use crate::report::{Goal, Row, Unit};

const ROUNDS: usize = 200;

pub(crate) fn rows() -> Vec<Row> {
    let (ours, theirs) = on_one_thread(async {
        let host = Host::builder().build().expect("a host");
        let greeter = host
            .deploy(guest("greeter-v1"))
            .instancing(Instancing::pooled(1))
            .await
            .expect("deployed");
        let greet = greeter
            .function::<(String,), (String,)>("greet")
            .expect("it greets");
        drop(
            host.update("greeter", guest("greeter-v2"))
                .await
                .expect("updated"),
        );

        let engine = bare::engine_like_host();
        let pre = bare::link(&engine, guest("greeter-v1").bytes());
        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let to = if round % 2 == 0 { "1.0.0" } else { "2.0.0" };
            let begun = Instant::now();
            let back = host
                .rollback("greeter")
                .to_version(to)
                .await
                .expect("rolled back");
            our_times.push(begun.elapsed().as_nanos() as f64);
            back.drained().await;
            greet.call(("Ada".into(),)).await.expect("an answer");

            let begun = Instant::now();
            let mut store = bare::store(&engine);
            pre.instantiate_async(&mut store)
                .await
                .expect("instantiated");
            their_times.push(begun.elapsed().as_nanos() as f64);
        }
        (median(&mut our_times), median(&mut their_times))
    });
    vec![Row {
        name: "rollback to a warm revision".into(),
        guest: "greeter-v1",
        peer: "wasmtime: one instantiation".into(),
        ours,
        theirs,
        unit: Unit::Nanoseconds,
        goal: Goal::AtMost(100_000.0),
    }]
}
