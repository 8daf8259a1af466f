//! The peer: wasmtime used directly, as in its documentation.

use wasmtime::component::{
    Component, Func, Instance, InstancePre, Linker, ResourceTable, TypedFunc,
};
use wasmtime::{Config, Engine, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// The data of a store: WASI and nothing else.
pub(crate) struct BareState {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    /// A component that this one calls.
    pub(crate) callee: Option<Box<Callee>>,
}

/// An instance in its own store, and its functions.
pub(crate) struct Callee {
    pub(crate) store: Store<BareState>,
    pub(crate) add: TypedFunc<(u32, u32), (u32,)>,
    pub(crate) echo: TypedFunc<(Vec<u8>,), (Vec<u8>,)>,
    pub(crate) describe: Func,
}

impl WasiHttpView for BareState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: Default::default(),
        }
    }
}

impl WasiView for BareState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Returns an engine with the default configuration.
pub(crate) fn default_engine() -> Engine {
    Engine::default()
}

/// Returns an engine with the settings that the host uses for components without async types: it
/// compiles the same code and allocates instances from the same kind of pool.
pub(crate) fn engine_like_host() -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(1_000)
        .total_core_instances(8_000)
        .total_memories(1_000)
        .total_tables(3_000)
        .table_elements(10_000)
        .total_stacks(1_000)
        .total_gc_heaps(64)
        .linear_memory_keep_resident(64 << 10)
        .table_keep_resident(4 << 10)
        .max_unused_warm_slots(64);
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .allocation_strategy(pool);
    Engine::new(&config).expect("the configuration is valid")
}

/// Returns a linker with WASI.
pub(crate) fn linker(engine: &Engine) -> Linker<BareState> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("WASI links");
    linker
}

/// Compiles and links a component.
pub(crate) fn link(engine: &Engine, bytes: &[u8]) -> InstancePre<BareState> {
    let component = Component::from_binary(engine, bytes).expect("it compiles");
    linker(engine)
        .instantiate_pre(&component)
        .expect("it links")
}

/// Compiles and links a component with WASI HTTP.
pub(crate) fn link_with_http(engine: &Engine, bytes: &[u8]) -> InstancePre<BareState> {
    let component = Component::from_binary(engine, bytes).expect("it compiles");
    let mut linker = linker(engine);
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).expect("WASI HTTP links");
    linker.instantiate_pre(&component).expect("it links")
}

/// Returns a store without epoch interruption.
pub(crate) fn store(engine: &Engine) -> Store<BareState> {
    store_with(engine, WasiCtx::builder().build())
}

/// Returns a store without epoch interruption, with this WASI context.
pub(crate) fn store_with(engine: &Engine, wasi: WasiCtx) -> Store<BareState> {
    let state = BareState {
        wasi,
        http: WasiHttpCtx::new(),
        table: ResourceTable::new(),
        callee: None,
    };
    let mut store = Store::new(engine, state);
    store.set_epoch_deadline(u64::MAX / 2);
    store
}

/// Returns a function of an instance, named as `greet` or `demo:greeter/api#greet`.
pub(crate) fn function(store: &mut Store<BareState>, instance: &Instance, name: &str) -> Func {
    let (interface, name) = match name.split_once('#') {
        Some((interface, name)) => (
            instance.get_export_index(&mut *store, None, interface),
            name,
        ),
        None => (None, name),
    };
    let index = instance
        .get_export_index(&mut *store, interface.as_ref(), name)
        .expect("exported");
    instance
        .get_func(store, index)
        .expect("the function exists")
}
