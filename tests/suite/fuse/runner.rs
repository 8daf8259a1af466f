//! Runs components with wasmtime and its WASI, without any code of this project.

use std::sync::LazyLock;

use airssys_wasm_host::wasmtime::component::{
    Component, Func, Instance, Linker, ResourceTable, Type, Val,
};
use airssys_wasm_host::wasmtime::{Engine, Result, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);

/// Compiles a component.
pub(crate) fn compile(bytes: &[u8]) -> Component {
    Component::new(&ENGINE, bytes).unwrap_or_else(|error| panic!("{error:?}"))
}

/// An instance of a component with its store.
pub(crate) struct Runner {
    store: Store<RunnerState>,
    instance: Instance,
    output: MemoryOutputPipe,
}

struct RunnerState {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

/// Limit of each memory of an instance.
const MEMORY_BYTES_MAX: usize = 32 << 20;

impl WasiView for RunnerState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Runner {
    pub(crate) fn new(component: &Component) -> Self {
        let mut linker = Linker::new(&ENGINE);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("WASI");
        let output = MemoryOutputPipe::new(4096);
        let wasi = WasiCtxBuilder::new().stdout(output.clone()).build();
        let limits = StoreLimitsBuilder::new()
            .memory_size(MEMORY_BYTES_MAX)
            .build();
        let mut store = Store::new(
            &ENGINE,
            RunnerState {
                wasi,
                table: ResourceTable::new(),
                limits,
            },
        );
        store.limiter(|state| &mut state.limits);
        let instance = linker
            .instantiate(&mut store, component)
            .expect("an instance");
        Self {
            store,
            instance,
            output,
        }
    }

    /// Calls `interface#function`, or a function at world level.
    pub(crate) fn call(&mut self, name: &str, params: &[Val]) -> Result<Option<Val>> {
        let function = self.function(name);
        let mut results = vec![Val::Bool(false); function.ty(&self.store).results().len()];
        function.call(&mut self.store, params, &mut results)?;
        Ok(results.pop())
    }

    /// Returns the types of a function's parameters.
    pub(crate) fn params(&mut self, name: &str) -> Vec<Type> {
        self.function(name)
            .ty(&self.store)
            .params()
            .map(|(_, ty)| ty)
            .collect()
    }

    /// Returns the text written to standard output.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&self.output.contents()).into_owned()
    }

    fn function(&mut self, name: &str) -> Func {
        let (interface, function) = name
            .split_once('#')
            .map_or((None, name), |(i, f)| (Some(i), f));
        let interface = interface.map(|name| {
            self.instance
                .get_export_index(&mut self.store, None, name)
                .expect("an interface")
        });
        let index = self
            .instance
            .get_export_index(&mut self.store, interface.as_ref(), function);
        let index = index.unwrap_or_else(|| panic!("no function `{name}`"));
        self.instance
            .get_func(&mut self.store, index)
            .expect("a function")
    }
}
