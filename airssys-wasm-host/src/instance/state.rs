//! The data of an instance's store. The guest cannot choose any of it.
//!
//! Tests: `tests/suite/capabilities`, `tests/suite/embedding`.

use std::sync::{Arc, Weak};

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::Operation;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{WasiCliCtxView, WasiCliView};
use wasmtime_wasi::random::{WasiRandomCtx, WasiRandomView};
use wasmtime_wasi::sockets::{WasiSocketsCtxView, WasiSocketsView};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::WasiHttpCtxView;

use super::limiter::Limiter;
use super::panics::catch_panic;
use crate::capability::{
    Authority, ConfigView, EnvironmentView, FilesView, InstanceNetwork, LifetimeFlag, LoggingView,
    OpenCapabilities, OpenFiles, OutgoingHttp, Permit, SecretsView, SocketLeases, SocketsView,
};
use crate::clock::{Clock, Ticks};
use crate::data::{SharedValues, Slots};
use crate::deployment::{ActiveRevision, DeploymentEntry};
use crate::link::{CallTree, LinkedFunction, LinkedFunctions, ResourceSession};
use crate::observe::CallId;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::scheduler::{CrowdPermit, GuestSlice};
use crate::wasi::{self, InstanceOutput};

/// The state of an instance: its identity, its authority, and its handles.
///
/// Host functions of an embedder receive it as the data of the store. It gives access to the
/// embedder's own [`data`](Self::data) and [`instance_data_mut`](Self::instance_data_mut), to the
/// resource [`table`](Self::table), and to the [`identity`](Self::identity) of the component. A
/// [`Provider`](crate::Provider) asks it for permission. It also appears in the types of calls
/// through generated bindings ([`Bindings`](crate::Bindings)). See [`guide`](crate::guide).
pub struct InstanceState {
    /// Set before everything else is dropped.
    lifetime: LifetimeFlag,
    wasi: WasiCtx,
    pub(super) handles: ResourceTable,
    /// The embedder's values for the deployment and the host.
    pub(super) shared: SharedValues,
    /// The embedder's values for this instance.
    pub(super) slots: Slots,
    pub(super) limiter: Limiter,
    clock: Arc<Clock>,
    deadline: Ticks,
    pub(super) slice: GuestSlice,
    pub(crate) authority: Arc<Authority>,
    capabilities: Arc<OpenCapabilities>,
    pub(crate) output: Arc<InstanceOutput>,
    files: OpenFiles,
    socket_leases: SocketLeases,
    http: OutgoingHttp,
    network: Arc<InstanceNetwork>,
    links: LinkedFunctions,
    /// The permits to call each link, once requested.
    link_permits: Vec<Option<Permit>>,
    /// The sessions in which it may hold resources of other components; some may have ended.
    sessions: Vec<Weak<ResourceSession>>,
    /// The context of the current call.
    call_context: CallContext,
}

/// The context of a call, as far as the links of its instance need it.
#[derive(Default)]
struct CallContext {
    serving: Option<Arc<ActiveRevision>>,
    /// The call tree that the call belongs to.
    tree: Option<Arc<CallTree>>,
    /// The tree that the call begins if it belongs to none; reused for the next call.
    own: Option<Arc<CallTree>>,
}

impl InstanceState {
    pub(super) fn new(runtime: &Runtime, revision: &Revision) -> Self {
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(revision.limits.handles_max);
        let told = Arc::new(InstanceNetwork::new(runtime.count_instance()));
        let (authority, rooms) = (
            Arc::clone(&revision.authority),
            Arc::clone(&revision.open_capabilities),
        );
        let gone = LifetimeFlag::default();
        let output = InstanceOutput::new(
            Arc::clone(&revision.printer),
            revision.console.clone(),
            Arc::clone(&told),
        );
        Self {
            wasi: wasi::context(
                &revision.limits,
                revision.console.as_deref(),
                &output,
                &authority,
                &told,
            ),
            handles,
            shared: revision.data.clone(),
            slots: Slots::default(),
            limiter: Limiter::new(&revision.limits, &revision.share),
            clock: Arc::clone(runtime.engines.clock()),
            deadline: Ticks(0),
            slice: GuestSlice::new(runtime.engines.permits(), &revision.share),
            http: OutgoingHttp::new(
                &authority,
                &rooms,
                runtime.engines.clock(),
                told.call(),
                &gone,
            ),
            lifetime: gone,
            authority,
            capabilities: rooms,
            output,
            files: OpenFiles::default(),
            socket_leases: SocketLeases::default(),
            network: told,
            links: revision.links.functions(),
            link_permits: Vec::new(),
            sessions: Vec::new(),
            call_context: CallContext::default(),
        }
    }

    /// Returns the current time, and the deadline of the call.
    #[inline]
    pub(crate) fn time(&self) -> (Ticks, Ticks) {
        (self.clock.now(), self.deadline)
    }

    #[inline]
    pub(super) fn set_deadline(&mut self, deadline: Ticks) {
        self.deadline = deadline;
    }

    /// Begins a call. Returns the number of epochs until it is first interrupted.
    #[inline]
    pub(super) fn begin_call(&mut self) -> u64 {
        self.network.begin_call();
        self.slice.begin_call()
    }

    /// Returns the crowd permit of the current call.
    #[inline]
    pub(crate) fn crowd_permit(&mut self) -> CrowdPermit {
        self.slice.crowd_permit()
    }

    /// Ends the call.
    #[inline]
    pub(crate) fn end_call(&mut self) {
        self.slice.end_call();
    }

    /// Returns the revision of this instance.
    pub(crate) fn revision(&self) -> u64 {
        self.authority.identity.revision
    }

    /// Returns the number of this instance, which is unique in the host.
    pub(crate) fn instance_number(&self) -> u64 {
        self.network.call().instance
    }

    /// Returns the sessions in which it may hold resources of `target`.
    #[inline]
    pub(crate) fn sessions(&self, target: &Arc<DeploymentEntry>) -> Vec<Arc<ResourceSession>> {
        self.sessions
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|session| session.is_in(target))
            .collect()
    }

    /// Records a session in which it may hold resources from now on.
    pub(crate) fn add_session(&mut self, session: &Arc<ResourceSession>) {
        self.sessions.retain(|known| known.strong_count() > 0);
        self.sessions.push(Arc::downgrade(session));
    }

    /// Returns a link to another component.
    pub(crate) fn link(&self, place: usize) -> Option<&Arc<LinkedFunction>> {
        self.links.get(place)
    }

    /// Sets the context of a call during which the instance may call others: the revision that
    /// serves it, and the call tree.
    pub(crate) fn enter_call_context(
        &mut self,
        serving: &Arc<ActiveRevision>,
        tree: Option<&Arc<CallTree>>,
    ) {
        self.call_context.serving = Some(Arc::clone(serving));
        self.call_context.tree = tree.cloned();
    }

    /// Ends that context, and the call tree if the call began it.
    pub(crate) fn leave_call_context(&mut self) {
        let CallContext { serving, tree, own } = &mut self.call_context;
        (*serving, *tree) = (None, None);
        match own.as_mut().map(Arc::get_mut) {
            Some(Some(own)) => own.end(),
            // Still in use elsewhere, or absent.
            _ => *own = None,
        }
    }

    /// Returns the call tree of the current call, and begins one if there is none.
    pub(crate) fn call_tree(&mut self) -> Arc<CallTree> {
        let CallContext { serving, tree, own } = &mut self.call_context;
        let tree = tree.get_or_insert_with(|| {
            let own = own.get_or_insert_default();
            if let Some(root) = serving {
                own.begin(root);
            }
            Arc::clone(own)
        });
        Arc::clone(tree)
    }

    /// Returns `true` if it may call the interface of a link. Asks for a permit at the first call,
    /// and again once the permit may have ended.
    pub(crate) fn may_call(&mut self, place: usize, interface: &str) -> bool {
        let call = self.call();
        if self.link_permits.len() <= place {
            self.link_permits.resize(place + 1, None);
        }
        let permit = &mut self.link_permits[place];
        if let Some(permit) = permit {
            return self.authority.still_allows(permit, call);
        }
        let operation = Operation::Named {
            kind: CapabilityKind::Call,
            name: interface.to_owned(),
        };
        *permit = self.authority.ask(operation, call).ok();
        permit.is_some()
    }

    pub(crate) fn call(&self) -> CallId {
        self.network.call()
    }

    pub(crate) fn files(&mut self) -> FilesView<'_> {
        FilesView {
            files: &mut self.files,
            table: &mut self.handles,
            authority: &self.authority,
            capabilities: &self.capabilities,
            call: self.network.call(),
        }
    }

    pub(crate) fn environment(&mut self) -> EnvironmentView<'_> {
        EnvironmentView {
            variables: &self.capabilities.environment,
            arguments: self.output.arguments(),
            authority: &self.authority,
            call: self.network.call(),
        }
    }

    pub(crate) fn config(&mut self) -> ConfigView<'_> {
        ConfigView {
            values: &self.capabilities.config,
            authority: &self.authority,
            call: self.network.call(),
        }
    }

    pub(crate) fn secrets(&mut self) -> SecretsView<'_> {
        SecretsView {
            capabilities: &self.capabilities,
            authority: &self.authority,
            call: self.network.call(),
        }
    }

    pub(crate) fn logging(&mut self) -> LoggingView<'_> {
        LoggingView(&self.output)
    }

    pub(crate) fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.http.sender.call = self.network.call();
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
            capabilities: &self.capabilities,
            network: &self.network,
            leases: &mut self.socket_leases,
            call: self.network.call(),
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

impl Drop for InstanceState {
    /// Drops the embedder's values first. A panic of one of them ends here, because the caller is
    /// in the middle of other work.
    fn drop(&mut self) {
        self.lifetime.mark_ended();
        let (handles, slots) = (
            std::mem::take(&mut self.handles),
            std::mem::take(&mut self.slots),
        );
        let dropped = catch_panic(|| drop(handles)).and(catch_panic(|| drop(slots)));
        if let Err(panicked) = dropped {
            tracing::error!(component = %self.identity().component, %panicked, "panic while dropping an instance");
        }
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.handles,
        }
    }
}
