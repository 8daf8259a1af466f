//! An update with cached code, measured from `update()` to the first answer of the new revision.
//!
//! Every revision has different bytes, so that each is loaded from its file. The host has been
//! running for a while, like the peer's engine.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use airssys_wasm_host::{Component, Function, Host, Instancing};
use airssys_wasm_tests::guests::guest;
use wasmtime::Engine;
use wasmtime::component::{Component as BareComponent, Linker};

use crate::bare;
use crate::measure::{median, on_one_thread};
use crate::report::{Goal, Row, Unit};
use crate::variants::variant;

const GUEST: &str = "greeter-v2";
const ROUNDS: u32 = 60;
/// Rounds that fill the slots of both pools, and are not counted.
const WARM_UP: u32 = 10;

pub(crate) fn rows() -> Vec<Row> {
    let place = tempfile::tempdir().expect("a directory");
    let (ours, theirs) = on_one_thread(async {
        let engine = bare::engine_like_host();
        let linker = bare::linker(&engine);
        let code = engine
            .precompile_component(guest(GUEST).bytes())
            .expect("it compiles");
        let cache = place.path().join("cache");
        fill(&cache).await;
        for round in 0..ROUNDS {
            std::fs::write(file(place.path(), round), &code).expect("written");
        }

        let host = Host::builder().code_cache(&cache).build().expect("a host");
        let greeter = host
            .deploy(guest("greeter-v1"))
            .instancing(Instancing::pooled(1))
            .await
            .expect("deployed");
        let greet = greeter.function("greet").expect("it greets");
        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            wait_for_background_work().await;
            let our_time = ours(&host, &greet, component(round)).await;
            wait_for_background_work().await;
            let their_time = theirs(&engine, &linker, &file(place.path(), round)).await;
            if round >= WARM_UP {
                our_times.push(our_time);
                their_times.push(their_time);
            }
        }
        (median(&mut our_times), median(&mut their_times))
    });
    let row = |name: &'static str, goal| Row {
        name: name.into(),
        guest: GUEST,
        peer: "wasmtime: deserialize_file, link, instantiate, call".into(),
        ours,
        theirs,
        unit: Unit::Nanoseconds,
        goal,
    };
    vec![
        row(
            "update with cached code, to the first answer",
            Goal::RatioAtMost(1.5),
        ),
        row(
            "update with cached code, to the first answer",
            Goal::AtMost(1e6),
        ),
    ]
}

async fn ours(host: &Host, greet: &Function<(String,), (String,)>, next: Component) -> f64 {
    let begun = Instant::now();
    drop(
        host.update("greeter", next)
            .any_version()
            .await
            .expect("updated"),
    );
    greet.call(("Ada".into(),)).await.expect("an answer");
    begun.elapsed().as_nanos() as f64
}

async fn theirs(engine: &Engine, linker: &Linker<bare::BareState>, file: &Path) -> f64 {
    let begun = Instant::now();
    #[expect(unsafe_code, reason = "the peer's way to load code that it compiled")]
    // SAFETY: the file was written by this process with the output of its compiler.
    let component = unsafe { BareComponent::deserialize_file(engine, file) }.expect("it loads");
    let pre = linker.instantiate_pre(&component).expect("it links");
    let mut store = bare::store(engine);
    let instance = pre
        .instantiate_async(&mut store)
        .await
        .expect("instantiated");
    let api = instance
        .get_export_index(&mut store, None, "demo:greeter/api")
        .expect("exported");
    let greet = instance
        .get_export_index(&mut store, Some(&api), "greet")
        .expect("exported");
    let greet = instance
        .get_typed_func::<(String,), (String,)>(&mut store, greet)
        .expect("it fits");
    greet
        .call_async(&mut store, ("Ada".into(),))
        .await
        .expect("an answer");
    begun.elapsed().as_nanos() as f64
}

/// Lets the host finish its background work, so that it is not measured.
async fn wait_for_background_work() {
    tokio::time::sleep(Duration::from_millis(3)).await;
}

/// Compiles every revision into the cache, with a host that is then dropped.
async fn fill(cache: &Path) {
    let host = Host::builder().code_cache(cache).build().expect("a host");
    drop(host.deploy(guest("greeter-v1")).await.expect("deployed"));
    for round in 0..ROUNDS {
        drop(
            host.deploy(component(round))
                .name(format!("greeter-{round}"))
                .await
                .expect("deployed"),
        );
    }
}

fn file(place: &Path, round: u32) -> PathBuf {
    place.join(format!("{round}.cwasm"))
}

fn component(round: u32) -> Component {
    Component::from_bytes(variant(GUEST, round)).expect("a component")
}
