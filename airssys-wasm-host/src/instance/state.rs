//! What a store knows about its instance. A guest can choose none of it.
//!
//! Tests: through the rooms that read it.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{WasiCliCtxView, WasiCliView};
use wasmtime_wasi::random::{WasiRandomCtx, WasiRandomView};
use wasmtime_wasi::sockets::{WasiSocketsCtxView, WasiSocketsView};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::WasiHttpCtxView;

use super::limiter::Limiter;
use crate::capability::{
    Authority, ConfigView, EnvironmentView, Files, FilesView, Http, LoggingView, Rooms, SecretsView,
    SocketsView, Told,
};
use crate::engine::{Clock, Ticks};
use crate::observe::CallId;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::wasi::{self, Printer};

/// The data of an instance's store: whose it is, what it may use, its handles.
///
/// Opaque; it shows in the types of calls through generated bindings
/// ([`Bindings`](crate::Bindings)), and to a [`Provider`](crate::Provider), which asks
/// it what the instance may do.
pub struct InstanceState {
    wasi: WasiCtx,
    handles: ResourceTable,
    pub(super) limiter: Limiter,
    clock: Arc<Clock>,
    deadline: Ticks,
    pub(crate) authority: Arc<Authority>,
    rooms: Arc<Rooms>,
    printer: Arc<Printer>,
    files: Files,
    http: Http,
    told: Arc<Told>,
}

impl InstanceState {
    pub(super) fn new(runtime: &Runtime, revision: &Revision) -> Self {
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(revision.limits.handles_max);
        let told = Arc::new(Told::new(runtime.count_instance()));
        let (authority, rooms) = (Arc::clone(&revision.authority), Arc::clone(&revision.rooms));
        Self {
            wasi: wasi::context(&revision.limits, &revision.printer, &authority, &told),
            handles,
            limiter: Limiter::new(&revision.limits),
            clock: Arc::clone(runtime.engines.clock()),
            deadline: Ticks(0),
            http: Http::new(&authority, &rooms, runtime.engines.clock(), told.call()),
            authority,
            rooms,
            printer: Arc::clone(&revision.printer),
            files: Files::default(),
            told,
        }
    }

    /// Now, and when the call must have ended.
    #[inline]
    pub(super) fn time(&self) -> (Ticks, Ticks) {
        (self.clock.now(), self.deadline)
    }

    #[inline]
    pub(super) fn set_deadline(&mut self, deadline: Ticks) {
        self.deadline = deadline;
    }

    /// Another call begins.
    #[inline]
    pub(super) fn begin_call(&mut self) {
        self.told.begin_call();
    }

    pub(crate) fn call(&self) -> CallId {
        self.told.call()
    }

    pub(crate) fn files(&mut self) -> FilesView<'_> {
        FilesView {
            files: &mut self.files,
            table: &mut self.handles,
            authority: &self.authority,
            rooms: &self.rooms,
            call: self.told.call(),
        }
    }

    pub(crate) fn environment(&mut self) -> EnvironmentView<'_> {
        EnvironmentView {
            variables: &self.rooms.environment,
            authority: &self.authority,
            call: self.told.call(),
        }
    }

    pub(crate) fn config(&mut self) -> ConfigView<'_> {
        ConfigView { values: &self.rooms.config, authority: &self.authority, call: self.told.call() }
    }

    pub(crate) fn secrets(&mut self) -> SecretsView<'_> {
        SecretsView { rooms: &self.rooms, authority: &self.authority, call: self.told.call() }
    }

    pub(crate) fn logging(&mut self) -> LoggingView<'_> {
        LoggingView(&self.printer)
    }

    pub(crate) fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.http.sender.call = self.told.call();
        WasiHttpCtxView {
            hooks: &mut self.http.sender,
            table: &mut self.handles,
            ctx: &mut self.http.context,
        }
    }

    pub(crate) fn sockets(&mut self) -> SocketsView<'_> {
        SocketsView {
            inner: self.wasi.sockets(),
            table: &mut self.handles,
            authority: &self.authority,
            rooms: &self.rooms,
            told: &self.told,
            call: self.told.call(),
        }
    }

    pub(crate) fn wasi_sockets(&mut self) -> WasiSocketsCtxView<'_> {
        WasiSocketsView::sockets(self)
    }

    pub(crate) fn cli(&mut self) -> WasiCliCtxView<'_> {
        WasiCliView::cli(self)
    }

    pub(crate) fn random(&mut self) -> &mut WasiRandomCtx {
        WasiRandomView::random(self)
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.handles }
    }
}
