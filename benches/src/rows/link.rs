//! A call from one component to another: a hop between two stores.

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Deployment, Host, Instancing};
use airssys_wasm_tests::guests::guest;
use wasmtime::component::{ComponentNamedList, Instance, Lift, Linker, Lower, TypedFunc, Val};
use wasmtime::{Engine, Store, StoreContextMut};

use crate::bare::{self, BareState, Callee};
use crate::measure::{alternate, on_one_thread};
use crate::report::Row;

const GUEST: &str = "store-caller";
const KV: &str = "acme:store/kv@1.2.0";

pub(crate) fn rows() -> Vec<Row> {
    let bytes = vec![7u8; 64 << 10];
    let described = ("key".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
    on_one_thread(async {
        vec![
            row(
                "a link, typed lane, add(u32, u32)",
                measure_pair::<_, (u32,)>("add", (20u32, 22u32)).await,
            ),
            row(
                "a link, typed lane, 64 KiB list<u8> there and back",
                measure_pair::<_, (Vec<u8>,)>("echo", (bytes,)).await,
            ),
            row(
                "a link, dynamic lane, a record there and back",
                measure_pair::<_, (Vec<String>,)>("describe", described).await,
            ),
        ]
    })
}

fn row(name: &'static str, times: (f64, f64)) -> Row {
    Row::from_times(
        name,
        GUEST,
        "wasmtime, two stores, a host function of the same lane",
        times,
        1.2,
    )
}

async fn measure_pair<P, R>(name: &str, params: P) -> (f64, f64)
where
    P: ComponentNamedList + Lower + Clone + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let (_host, caller) = deploy_linked().await;
    let function = caller.function::<P, R>(name).expect("an exported function");
    let (mut store, instance) = link_manually(&bare::engine_like_host()).await;
    let by_hand = instance
        .get_typed_func::<P, R>(&mut store, name)
        .expect("it fits");
    alternate(
        1_000,
        async || {
            function.call(params.clone()).await.expect("an answer");
        },
        async || {
            by_hand
                .call_async(&mut store, params.clone())
                .await
                .expect("an answer");
        },
    )
    .await
}

async fn deploy_linked() -> (Host, Deployment) {
    let host = Host::builder().build().expect("a host");
    let store = host
        .deploy(guest("store-v1"))
        .instancing(Instancing::pooled(1));
    store.await.expect("deployed");
    let grants = Grants::new().allow("call acme:store/kv").expect("a rule");
    let caller = host
        .deploy(guest(GUEST))
        .grants(grants)
        .instancing(Instancing::pooled(1));
    let caller = caller.await.expect("deployed");
    (host, caller)
}

/// Links the same two components with wasmtime alone.
async fn link_manually(engine: &Engine) -> (Store<BareState>, Instance) {
    let component = wasmtime::component::Component::from_binary(engine, guest(GUEST).bytes());
    let mut linker = bare::linker(engine);
    define(&mut linker).expect("it links");
    let mut store = bare::store(engine);
    store.data_mut().callee = Some(Box::new(callee(engine).await));
    let pre = linker
        .instantiate_pre(&component.expect("it compiles"))
        .expect("it links");
    let instance = pre
        .instantiate_async(&mut store)
        .await
        .expect("instantiated");
    (store, instance)
}

async fn callee(engine: &Engine) -> Callee {
    let mut store = bare::store(engine);
    let pre = bare::link(engine, guest("store-v1").bytes());
    let instance = pre
        .instantiate_async(&mut store)
        .await
        .expect("instantiated");
    let kv = instance
        .get_export_index(&mut store, None, KV)
        .expect("exported");
    let mut index = |name| {
        instance
            .get_export_index(&mut store, Some(&kv), name)
            .expect("exported")
    };
    let (add, echo, describe) = (index("add"), index("echo"), index("describe"));
    Callee {
        add: instance.get_typed_func(&mut store, add).expect("it fits"),
        echo: instance.get_typed_func(&mut store, echo).expect("it fits"),
        describe: instance
            .get_func(&mut store, describe)
            .expect("an exported function"),
        store,
    }
}

fn define(linker: &mut Linker<BareState>) -> wasmtime::Result<()> {
    let mut kv = linker.instance(KV)?;
    kv.func_wrap_async("add", |mut store, params: (u32, u32)| {
        Box::new(async move { typed(&mut store, |callee| &callee.add, params).await })
    })?;
    kv.func_wrap_async("echo", |mut store, params: (Vec<u8>,)| {
        Box::new(async move { typed(&mut store, |callee| &callee.echo, params).await })
    })?;
    kv.func_new_async("describe", |mut store, _, params, results| {
        Box::new(async move { dynamic(&mut store, params, results).await })
    })?;
    for unused in ["version", "check", "sleep", "trap"] {
        kv.func_new(unused, |_, _, _, _| {
            wasmtime::bail!("this function is never called")
        })?;
    }
    Ok(())
}

async fn typed<P, R>(
    store: &mut StoreContextMut<'_, BareState>,
    function: impl Fn(&Callee) -> &TypedFunc<P, R>,
    params: P,
) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let mut callee = store.data_mut().callee.take().expect("the callee is idle");
    let function = *function(&callee);
    let result = function.call_async(&mut callee.store, params).await;
    store.data_mut().callee = Some(callee);
    result
}

async fn dynamic(
    store: &mut StoreContextMut<'_, BareState>,
    params: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let mut callee = store.data_mut().callee.take().expect("the callee is idle");
    let function = callee.describe;
    let called = function
        .call_async(&mut callee.store, params, results)
        .await;
    store.data_mut().callee = Some(callee);
    called
}
