//! The embedder of these tests: everything that it provides to the guest `embedding-probe`, once
//! with synchronous and once with asynchronous host functions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::wasmtime::component::{HasSelf, Linker, Resource};
use airssys_wasm_host::{
    Deployment, Function, Host, HostBuilder, InstanceState, Instancing, wasmtime,
};
use parking_lot::Mutex;

use crate::support::guest;

/// A text owned by the embedder.
#[derive(Clone, Default)]
#[allow(
    unreachable_pub,
    reason = "`bindgen!` re-exports the types of resources"
)]
pub struct ProbeDocument(Arc<Mutex<String>>);

impl ProbeDocument {
    pub(super) fn new(text: &str) -> Self {
        Self(Arc::new(Mutex::new(text.to_owned())))
    }

    pub(super) fn text(&self) -> String {
        self.0.lock().clone()
    }

    fn append(&self, text: &str) {
        self.0.lock().push_str(text);
    }

    /// Returns the number of handles to the document, including the caller's.
    pub(super) fn handle_count(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

/// The host's data.
#[derive(Clone, Default)]
pub(super) struct ProbeEditor {
    pub(super) document: ProbeDocument,
    pub(super) printed: Arc<Mutex<Vec<String>>>,
}

/// The data that hosts and deployments share in these tests.
pub(super) struct Shared(pub(super) &'static str);

/// The number of calls of `visits` by an instance.
#[derive(Default)]
pub(super) struct Visits(pub(super) u32);

/// An error type of the embedder.
#[derive(Debug, PartialEq)]
pub(super) struct OutOfPaper {
    pub(super) sheets: u32,
}

impl fmt::Display for OutOfPaper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sheets are left", self.sheets)
    }
}

impl std::error::Error for OutOfPaper {}

/// The kind of host functions that a test runs with.
#[derive(Clone, Copy, Debug)]
pub(super) enum FunctionKind {
    Synchronous,
    Asynchronous,
}

/// The probe on each engine, with each kind of host functions.
pub(super) const ALL: [(&str, FunctionKind); 4] = [
    ("embedding-probe", FunctionKind::Synchronous),
    ("embedding-probe", FunctionKind::Asynchronous),
    ("embedding-probe-async", FunctionKind::Synchronous),
    ("embedding-probe-async", FunctionKind::Asynchronous),
];

pub(super) const IMPORTS: [&str; 3] = ["demo:embedding/documents@0.1.0", "print", "plugin-name"];

/// Returns a builder of a host that provides everything, with few pool slots.
pub(super) fn builder(functions: FunctionKind, editor: &ProbeEditor) -> HostBuilder {
    let link = match functions {
        FunctionKind::Synchronous => synchronous,
        FunctionKind::Asynchronous => asynchronous,
    };
    Host::builder()
        .pooled_instances_max(20)
        .data(editor.clone())
        .data(Shared("the host's"))
        .instance_data(|_| Visits::default())
        .imports(IMPORTS, link)
}

fn synchronous(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    blocking::Embedding::add_to_linker::<_, HasSelf<_>>(linker, |instance| instance)
}

fn asynchronous(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    waiting::Embedding::add_to_linker::<_, HasSelf<_>>(linker, |instance| instance)
}

/// Builds a host and deploys the probe.
pub(super) async fn probe(
    (name, functions): (&str, FunctionKind),
    editor: &ProbeEditor,
    instancing: Instancing,
) -> (Host, Deployment) {
    let host = builder(functions, editor).build().expect("a host");
    let component = guest(name).with_name("probe").expect("a name");
    let deployment = host
        .deploy(component)
        .instancing(instancing)
        .await
        .expect("deployed");
    (host, deployment)
}

/// Returns a function of the probe.
pub(super) fn function<P, R>(deployment: &Deployment, name: &str) -> Function<P, R>
where
    P: wasmtime::component::ComponentNamedList + wasmtime::component::Lower + Send + Sync + 'static,
    R: wasmtime::component::ComponentNamedList + wasmtime::component::Lift + Send + Sync + 'static,
{
    deployment
        .function(&format!("demo:embedding/probe#{name}"))
        .expect("the probe has it")
}

mod blocking {
    airssys_wasm_host::wasmtime::component::bindgen!({
        path: "guests/wit/embedding",
        world: "embedding",
        imports: { default: trappable },
        exports: { default: async },
        with: { "demo:embedding/documents.document": super::ProbeDocument },
        wasmtime_crate: airssys_wasm_host::wasmtime,
    });
}

mod waiting {
    airssys_wasm_host::wasmtime::component::bindgen!({
        path: "guests/wit/embedding",
        world: "embedding",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "demo:embedding/documents.document": super::ProbeDocument },
        wasmtime_crate: airssys_wasm_host::wasmtime,
    });
}

pub(super) use blocking::Embedding;

/// The behavior shared by both kinds of functions.
trait EditorFunctions {
    fn open(&mut self, document: ProbeDocument) -> wasmtime::Result<Resource<ProbeDocument>>;
    fn visit(&mut self) -> u32;
    fn print_line(&mut self, line: &str);
    fn name(&self) -> String;
}

impl EditorFunctions for InstanceState {
    fn open(&mut self, document: ProbeDocument) -> wasmtime::Result<Resource<ProbeDocument>> {
        Ok(self.table().push(document)?)
    }

    fn visit(&mut self) -> u32 {
        let visits = self.instance_data_mut::<Visits>();
        visits.0 += 1;
        visits.0
    }

    fn print_line(&mut self, line: &str) {
        let line = format!("{}: {line}", self.name());
        self.data::<ProbeEditor>().printed.lock().push(line);
    }

    fn name(&self) -> String {
        let identity = self.identity();
        let version = identity
            .version
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let instance = self.call_id().instance;
        format!(
            "{}#{} {version} in {instance}",
            identity.deployment, identity.revision
        )
    }
}

fn out_of_paper<T>() -> wasmtime::Result<T> {
    Err(OutOfPaper { sheets: 0 }.into())
}

fn panics() -> wasmtime::Result<()> {
    panic!("the printer is on fire")
}

impl blocking::demo::embedding::documents::Host for InstanceState {
    fn current(&mut self) -> wasmtime::Result<Resource<ProbeDocument>> {
        let document = self.data::<ProbeEditor>().document.clone();
        self.open(document)
    }

    fn visits(&mut self) -> wasmtime::Result<u32> {
        Ok(self.visit())
    }

    fn shared(&mut self) -> wasmtime::Result<String> {
        Ok(self.data::<Shared>().0.to_owned())
    }

    fn fail(&mut self) -> wasmtime::Result<()> {
        out_of_paper()
    }

    fn panic(&mut self) -> wasmtime::Result<()> {
        panics()
    }

    fn wait(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        std::thread::sleep(Duration::from_millis(milliseconds.into()));
        Ok(())
    }
}

impl blocking::demo::embedding::documents::HostDocument for InstanceState {
    fn new(&mut self, text: String) -> wasmtime::Result<Resource<ProbeDocument>> {
        self.open(ProbeDocument::new(&text))
    }

    fn text(&mut self, document: Resource<ProbeDocument>) -> wasmtime::Result<String> {
        Ok(self.table().get(&document)?.text())
    }

    fn append(&mut self, document: Resource<ProbeDocument>, text: String) -> wasmtime::Result<()> {
        self.table().get(&document)?.append(&text);
        Ok(())
    }

    fn drop(&mut self, document: Resource<ProbeDocument>) -> wasmtime::Result<()> {
        self.table().delete(document)?;
        Ok(())
    }
}

impl blocking::EmbeddingImports for InstanceState {
    fn print(&mut self, line: String) -> wasmtime::Result<()> {
        self.print_line(&line);
        Ok(())
    }

    fn plugin_name(&mut self) -> wasmtime::Result<String> {
        Ok(self.name())
    }
}

impl waiting::demo::embedding::documents::Host for InstanceState {
    async fn current(&mut self) -> wasmtime::Result<Resource<ProbeDocument>> {
        let document = self.data::<ProbeEditor>().document.clone();
        tokio::task::yield_now().await;
        self.open(document)
    }

    async fn visits(&mut self) -> wasmtime::Result<u32> {
        tokio::task::yield_now().await;
        Ok(self.visit())
    }

    async fn shared(&mut self) -> wasmtime::Result<String> {
        let shared = self.data::<Shared>();
        tokio::task::yield_now().await;
        Ok(shared.0.to_owned())
    }

    async fn fail(&mut self) -> wasmtime::Result<()> {
        tokio::task::yield_now().await;
        out_of_paper()
    }

    async fn panic(&mut self) -> wasmtime::Result<()> {
        tokio::task::yield_now().await;
        panics()
    }

    async fn wait(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
        Ok(())
    }
}

impl waiting::demo::embedding::documents::HostDocument for InstanceState {
    async fn new(&mut self, text: String) -> wasmtime::Result<Resource<ProbeDocument>> {
        self.open(ProbeDocument::new(&text))
    }

    async fn text(&mut self, document: Resource<ProbeDocument>) -> wasmtime::Result<String> {
        tokio::task::yield_now().await;
        Ok(self.table().get(&document)?.text())
    }

    async fn append(
        &mut self,
        document: Resource<ProbeDocument>,
        text: String,
    ) -> wasmtime::Result<()> {
        tokio::task::yield_now().await;
        self.table().get(&document)?.append(&text);
        Ok(())
    }

    async fn drop(&mut self, document: Resource<ProbeDocument>) -> wasmtime::Result<()> {
        self.table().delete(document)?;
        Ok(())
    }
}

impl waiting::EmbeddingImports for InstanceState {
    async fn print(&mut self, line: String) -> wasmtime::Result<()> {
        self.print_line(&line);
        Ok(())
    }

    async fn plugin_name(&mut self) -> wasmtime::Result<String> {
        Ok(self.name())
    }
}
