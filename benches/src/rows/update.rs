//! An update whose code is compiled already: from `update()` to the first answer
//! of the new revision.

use std::time::Instant;

use airssys_wasm_host::{Host, Instancing};
use airssys_wasm_tests::guests::guest;
use wasmtime::component::Component;

use crate::bare;
use crate::measure::{median, on_one_thread};
use crate::report::{Goal, Row, Unit};

const ROUNDS: usize = 60;

pub(crate) fn rows() -> Vec<Row> {
    let place = tempfile::tempdir().expect("a directory");
    let cache = place.path().join("code");
    let (ours, theirs) = on_one_thread(async {
        let engine = bare::same_engine();
        let linker = bare::linker(&engine);
        let code = place.path().join("greeter-v2.cwasm");
        let compiled = engine.precompile_component(guest("greeter-v2").bytes()).expect("it compiles");
        std::fs::write(&code, compiled).expect("written");
        // Compiles both versions into the cache.
        ours(&cache).await;

        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            our_times.push(ours(&cache).await);
            let begun = Instant::now();
            #[expect(unsafe_code, reason = "the peer's way to load code that it compiled above")]
            // SAFETY: the file was written above by this process's compiler.
            let component = unsafe { Component::deserialize_file(&engine, &code) }.expect("it loads");
            let pre = linker.instantiate_pre(&component).expect("it links");
            let mut store = bare::store(&engine);
            let instance = pre.instantiate_async(&mut store).await.expect("instantiated");
            let api = instance.get_export_index(&mut store, None, "demo:greeter/api").expect("exported");
            let greet = instance.get_export_index(&mut store, Some(&api), "greet").expect("exported");
            let greet = instance.get_typed_func::<(String,), (String,)>(&mut store, greet).expect("it fits");
            greet.call_async(&mut store, ("Ada".into(),)).await.expect("an answer");
            their_times.push(begun.elapsed().as_nanos() as f64);
        }
        (median(&mut our_times), median(&mut their_times))
    });
    let row = |name, goal| Row {
        name,
        guest: "greeter-v2",
        peer: "wasmtime: deserialize_file, link, instantiate, call",
        ours,
        theirs,
        unit: Unit::Nanoseconds,
        goal,
    };
    vec![
        row("update with cached code, to the first answer", Goal::RatioAtMost(1.5)),
        row("update with cached code, to the first answer", Goal::AtMost(1e6)),
    ]
}

/// A host of its own each time, so that no program is in memory already.
async fn ours(cache: &std::path::Path) -> f64 {
    let host = Host::builder().code_cache(cache).build().expect("a host");
    let greeter = host.deploy(guest("greeter-v1")).instancing(Instancing::pooled(1)).await.expect("deployed");
    let greet = greeter.function::<(String,), (String,)>("greet").expect("it greets");
    greet.call(("Ada".into(),)).await.expect("an answer");
    let next = guest("greeter-v2");
    let begun = Instant::now();
    drop(host.update("greeter", next).await.expect("updated"));
    greet.call(("Ada".into(),)).await.expect("an answer");
    begun.elapsed().as_nanos() as f64
}
