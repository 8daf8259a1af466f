//! A typed call through a handle that survives updates, on a warm instance.

use airssys_wasm_host::{Function, Host, Instancing};
use airssys_wasm_tests::guests::guest;
use wasmtime::component::{ComponentNamedList, Lift, Lower};
use wasmtime::{Engine, component};

use crate::bare;
use crate::measure::{alternate, on_one_thread};
use crate::report::Row;

const GUEST: &str = "plain-bindgen";

/// A record of two strings.
#[derive(Clone, component::ComponentType, component::Lift, component::Lower)]
#[component(record)]
pub(crate) struct Person {
    given: String,
    family: String,
}

pub(crate) fn rows() -> Vec<Row> {
    on_one_thread(async {
        let ada = Person {
            given: "Ada".into(),
            family: "Lovelace".into(),
        };
        let bytes = vec![7u8; 64 << 10];
        let (same, default) = (bare::engine_like_host(), bare::default_engine());
        let row = |name: &'static str, peer: &'static str, times, most| {
            Row::from_times(name, GUEST, peer, times, most)
        };
        const SAME: &str = "wasmtime, same settings, same reuse";
        const DEFAULT: &str = "wasmtime, default settings, same reuse";
        vec![
            row(
                "typed call, add(u32, u32)",
                SAME,
                measure_pair::<_, (u32,)>(&same, "add", (20u32, 22u32)).await,
                1.25,
            ),
            row(
                "typed call, add(u32, u32)",
                DEFAULT,
                measure_pair::<_, (u32,)>(&default, "add", (20u32, 22u32)).await,
                0.35,
            ),
            row(
                "typed call, record of strings",
                SAME,
                measure_pair::<_, (Person,)>(&same, "demo:values/values#swap-names", (ada,)).await,
                1.25,
            ),
            row(
                "typed call, 64 KiB list<u8> there and back",
                SAME,
                measure_pair::<_, (Vec<u8>,)>(&same, "echo-bytes", (bytes,)).await,
                1.25,
            ),
        ]
    })
}

/// Returns the time of one call, ours and the peer's.
async fn measure_pair<P, R>(engine: &Engine, name: &'static str, params: P) -> (f64, f64)
where
    P: ComponentNamedList + Lower + Clone + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let host = Host::builder().build().expect("a host");
    let deployment = host
        .deploy(guest(GUEST))
        .instancing(Instancing::pooled(4))
        .await
        .expect("deployed");
    let function: Function<P, R> = deployment.function(name).expect("an exported function");

    let mut store = bare::store(engine);
    let pre = bare::link(engine, guest(GUEST).bytes());
    let instance = pre
        .instantiate_async(&mut store)
        .await
        .expect("instantiated");
    let bare_function = bare::function(&mut store, &instance, name)
        .typed::<P, R>(&store)
        .expect("the types fit");

    alternate(
        2_000,
        async || {
            function.call(params.clone()).await.expect("an answer");
        },
        async || {
            bare_function
                .call_async(&mut store, params.clone())
                .await
                .expect("an answer");
        },
    )
    .await
}
