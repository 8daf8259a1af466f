//! A host that restarts with a state directory in which many components are deployed.
//!
//! Every component has different bytes, so none shares the code of another.

use std::path::Path;
use std::time::Instant;

use airssys_wasm_host::{Component, Host};
use airssys_wasm_tests::guests::guest;
use wasmtime::component::Component as BareComponent;

use crate::bare;
use crate::measure::{median, on_one_thread};
use crate::report::{Goal, Row, Unit};
use crate::variants::variant;

const GUEST: &str = "greeter-v1";
const COMPONENTS: u32 = 1_000;
const ROUNDS: usize = 5;

pub(crate) fn rows() -> Vec<Row> {
    let place = tempfile::tempdir().expect("a directory");
    let state = place.path().join("state");
    let (mut served, mut ready, mut theirs) = on_one_thread(async {
        let engine = bare::engine_like_host();
        write_components(place.path(), &engine);
        deploy_all(&state).await;
        let (mut served, mut ready, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let serve = async || {
                let host = start(&state);
                let summaries = host.deployments().summaries().await.expect("listed");
                assert_eq!(summaries.len(), COMPONENTS as usize);
                host
            };
            served.push(measure(serve).await);
            let load = async || {
                let host = start(&state);
                let all = host.deployments().list().await.expect("listed");
                assert_eq!(all.len(), COMPONENTS as usize);
                host
            };
            ready.push(measure(load).await);
            theirs.push(measure(async || load_all(place.path(), &engine)).await);
        }
        (served, ready, theirs)
    });
    let theirs = median(&mut theirs);
    let row = |name: &'static str, ours: &mut Vec<f64>, goal| Row {
        name: name.into(),
        guest: GUEST,
        peer: "wasmtime: 1,000 deserialize_file".into(),
        ours: median(ours),
        theirs,
        unit: Unit::Nanoseconds,
        goal,
    };
    vec![
        row(
            "restart with 1,000 deployed, until all can be called",
            &mut served,
            Goal::RatioAtMost(2.0),
        ),
        row(
            "restart with 1,000 deployed, until all are loaded",
            &mut ready,
            Goal::None,
        ),
    ]
}

/// Measures the time of `make`; its result is dropped afterwards.
async fn measure<T>(make: impl AsyncFnOnce() -> T) -> f64 {
    let begun = Instant::now();
    let made = make().await;
    let took = begun.elapsed();
    drop(made);
    took.as_nanos() as f64
}

fn start(state: &Path) -> Host {
    Host::builder()
        .state_directory(state)
        .build()
        .expect("a host")
}

fn load_all(place: &Path, engine: &wasmtime::Engine) -> Vec<BareComponent> {
    let load = |number| {
        let path = place.join(format!("{number}.cwasm"));
        #[expect(unsafe_code, reason = "the peer's way to load code that it compiled")]
        // SAFETY: `write_components` wrote it with this process's compiler.
        unsafe { BareComponent::deserialize_file(engine, path) }.expect("it loads")
    };
    (0..COMPONENTS).map(load).collect()
}

fn write_components(place: &Path, engine: &wasmtime::Engine) {
    let code = engine
        .precompile_component(guest(GUEST).bytes())
        .expect("it compiles");
    for number in 0..COMPONENTS {
        std::fs::write(place.join(format!("{number}.cwasm")), &code).expect("written");
    }
}

async fn deploy_all(state: &Path) {
    let host = start(state);
    for number in 0..COMPONENTS {
        let component = Component::from_bytes(variant(GUEST, number)).expect("a component");
        host.deploy(component)
            .name(format!("greeter-{number}"))
            .await
            .expect("deployed");
    }
}
