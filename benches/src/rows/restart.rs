//! A host that starts again with many components, all compiled before.
//!
//! Every component has bytes of its own: none shares another's code.

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
    let (ours, theirs) = on_one_thread(async {
        let engine = bare::same_engine();
        write_components(place.path(), &engine);
        let cache = place.path().join("code");
        drop(deploy_all(place.path(), &cache).await);
        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let host = deploy_all(place.path(), &cache).await;
            our_times.push(begun.elapsed().as_nanos() as f64);
            drop(host);
            let begun = Instant::now();
            let loaded: Vec<_> = (0..COMPONENTS)
                .map(|number| {
                    let path = place.path().join(format!("{number}.cwasm"));
                    #[expect(unsafe_code, reason = "the peer's way to load code that it compiled")]
                    // SAFETY: `write_components` wrote it with this process's compiler.
                    unsafe { BareComponent::deserialize_file(&engine, path) }.expect("it loads")
                })
                .collect();
            their_times.push(begun.elapsed().as_nanos() as f64);
            drop(loaded);
        }
        (median(&mut our_times), median(&mut their_times))
    });
    vec![Row {
        name: "restart with 1,000 components from files",
        guest: GUEST,
        peer: "wasmtime: 1,000 deserialize_file",
        ours,
        theirs,
        unit: Unit::Nanoseconds,
        goal: Goal::RatioAtMost(2.0),
    }]
}

fn write_components(place: &Path, engine: &wasmtime::Engine) {
    let code = engine.precompile_component(guest(GUEST).bytes()).expect("it compiles");
    for number in 0..COMPONENTS {
        std::fs::write(place.join(format!("{number}.wasm")), variant(GUEST, number)).expect("written");
        std::fs::write(place.join(format!("{number}.cwasm")), &code).expect("written");
    }
}

async fn deploy_all(place: &Path, cache: &Path) -> Host {
    let host = Host::builder().code_cache(cache).build().expect("a host");
    for number in 0..COMPONENTS {
        let component = Component::from_file(place.join(format!("{number}.wasm"))).expect("a component");
        host.deploy(component).name(format!("greeter-{number}")).await.expect("deployed");
    }
    host
}
