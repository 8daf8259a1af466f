//! The instance of another deployment in which a caller has resources, for as long as it has any.
//!
//! An instance that is worth no more than another (one per call, or of a pool) is kept for the
//! caller alone, with its revision, whatever serves by then. The only instance of a stateful
//! component serves others in between; when an update takes its state elsewhere, what was open in
//! it is lost.
//! Tests: the workspace's `tests/suite/links/resources`.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use airssys_wasm_core::Instancing;
use parking_lot::Mutex;
use tokio::runtime::Handle as Runtime;
use wasmtime::component::ResourceAny;

use super::tree::{Entered, Tree};
use crate::call;
use crate::deployment::{Lease, Named, Serving};
use crate::engine::Ticks;
use crate::instance::Instance;
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// What a caller has open in one instance of another deployment.
pub(crate) struct Session {
    target: Arc<Named>,
    serving: Arc<Serving>,
    lane: usize,
    keeps: Keeps,
    /// How many resources are open.
    open: AtomicUsize,
    /// Where what is left behind is dropped.
    runtime: Option<Runtime>,
}

enum Keeps {
    /// The instance itself.
    Instance(Mutex<Kept>),
    /// The number of the only one that its revision has.
    Number(OnceLock<u64>),
}

/// The instance that a session keeps.
enum Kept {
    /// The first call brings it.
    NotYet,
    Here(Box<Instance>),
    /// It runs, was discarded, or is not needed any more.
    Away,
}

/// Where a call is let in that belongs to a session.
pub(super) struct Sitting {
    pub(super) entered: Entered,
    pub(super) session: Arc<Session>,
}

/// A call in the instance of a session.
pub(crate) struct Seat<'a> {
    session: &'a Session,
    tree: &'a Arc<Tree>,
    deadline: Ticks,
    lease: Lease<'a>,
}

impl Session {
    /// Begins where a call was let in.
    pub(super) fn new(target: &Arc<Named>, entered: &Entered) -> Self {
        let keeps = match entered.serving.revision.instancing {
            Instancing::Stateful => Keeps::Number(OnceLock::new()),
            _ => Keeps::Instance(Mutex::new(Kept::NotYet)),
        };
        Self {
            target: Arc::clone(target),
            serving: Arc::clone(&entered.serving),
            lane: entered.lane,
            keeps,
            open: AtomicUsize::new(0),
            runtime: Runtime::try_current().ok(),
        }
    }

    /// Whether it keeps an instance of `serving`, where more may be opened.
    pub(crate) fn is_open_in(&self, serving: &Arc<Serving>) -> bool {
        let keeps = matches!(&self.keeps, Keeps::Instance(kept) if matches!(*kept.lock(), Kept::Here(_)));
        keeps && Arc::ptr_eq(&self.serving, serving)
    }

    /// Whether what is open in one can be used with what is open in the other.
    pub(super) fn is_where(&self, other: &Self) -> bool {
        match (&self.keeps, &other.keeps) {
            (Keeps::Number(here), Keeps::Number(there)) => here.get() == there.get(),
            _ => std::ptr::eq(self, other),
        }
    }

    /// One more resource is open.
    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// One fewer is.
    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Lets a call in to what is open here.
    pub(super) async fn enter(&self, tree: &Arc<Tree>) -> Result<Entered> {
        if let Keeps::Instance(_) = self.keeps {
            self.target.check_not_ended()?;
            return tree.enter_pinned(&self.target, &self.serving);
        }
        let entered = tree.enter(&self.target).await?;
        if Arc::ptr_eq(&entered.serving, &self.serving) { Ok(entered) } else { Err(self.lost()) }
    }

    /// The instance, for a call that was let in; the first call brings it.
    pub(super) async fn seat<'a>(
        &'a self,
        tree: &'a Arc<Tree>,
        entered: &'a Entered,
        bound: Ticks,
    ) -> Result<Seat<'a>> {
        let clock = self.target.runtime.engines.clock();
        let deadline = clock.now().plus(self.serving.revision.call_ticks).min(bound);
        let lease = match self.take_kept() {
            Kept::Here(instance) => self.serving.instances.lease_kept(self.lane, instance),
            Kept::Away => return Err(self.lost()),
            Kept::NotYet => self.lease(entered.lane, deadline).await?,
        };
        let mut seat = Seat { session: self, tree, deadline, lease };
        seat.check()?;
        Ok(seat)
    }

    fn take_kept(&self) -> Kept {
        match &self.keeps {
            Keeps::Instance(kept) => std::mem::replace(&mut kept.lock(), Kept::Away),
            Keeps::Number(_) => Kept::NotYet,
        }
    }

    /// Any instance, as for other calls.
    async fn lease(&self, lane: usize, deadline: Ticks) -> Result<Lease<'_>> {
        let Serving { instances, revision, .. } = &*self.serving;
        if let Some(lease) = instances.lease_idle(lane) {
            return Ok(lease);
        }
        let lease = Box::pin(instances.lease(&self.target.runtime, lane, deadline));
        let clock = self.target.runtime.engines.clock();
        let leased = call::within(clock, deadline, pin!(lease)).await;
        leased.unwrap_or_else(|_| Err(call::past_deadline(revision, "the call that opens a resource")))
    }

    /// Drops a resource whose owner is gone. An instance that is kept goes with its session.
    pub(super) fn abandon(self: &Arc<Self>, resource: ResourceAny) {
        let (Keeps::Number(_), Some(runtime)) = (&self.keeps, &self.runtime) else { return };
        let session = Arc::clone(self);
        runtime.spawn(async move {
            let tree = Arc::new(Tree::default());
            // Whatever is wrong with it has been announced, and nobody waits for it.
            let _ = session.drop_in(&tree, Ticks::MAX, resource).await;
        });
    }

    /// Runs the destructor of a resource, if what it is in has not gone before it.
    pub(super) async fn drop_in(
        self: &Arc<Self>,
        tree: &Arc<Tree>,
        bound: Ticks,
        resource: ResourceAny,
    ) -> Result<()> {
        match self.run_destructor(tree, bound, resource).await {
            Err(error) if error.kind() == ErrorKind::ResourceLost => Ok(()),
            outcome => outcome,
        }
    }

    async fn run_destructor(&self, tree: &Arc<Tree>, bound: Ticks, resource: ResourceAny) -> Result<()> {
        let entered = self.enter(tree).await?;
        let mut seat = self.seat(tree, &entered, bound).await?;
        let drop = async |instance: &mut Instance| resource.resource_drop_async(&mut instance.store).await;
        seat.run("the destructor of a resource", drop).await?;
        seat.leave();
        Ok(())
    }

    fn lost(&self) -> Error {
        let message = format!(
            "a resource of {} is lost: the instance that it was in is gone; open it again",
            self.serving.revision
        );
        Error::new(ErrorKind::ResourceLost, message)
    }
}

impl Sitting {
    /// Runs a call in the session's instance.
    pub(super) async fn call<R>(
        &self,
        tree: &Arc<Tree>,
        bound: Ticks,
        run: impl AsyncFnOnce(&mut Seat<'_>) -> Result<R>,
    ) -> Result<R> {
        let mut seat = self.session.seat(tree, &self.entered, bound).await?;
        let result = run(&mut seat).await?;
        seat.leave();
        Ok(result)
    }
}

impl Seat<'_> {
    /// Checks that it is the instance in which resources were opened before.
    fn check(&mut self) -> Result<()> {
        let Keeps::Number(number) = &self.session.keeps else { return Ok(()) };
        let here = self.lease.instance().store.data().number();
        if *number.get_or_init(|| here) == here {
            return Ok(());
        }
        Err(self.session.lost())
    }

    /// Runs something in the instance, within its time.
    pub(crate) async fn run<R>(
        &mut self,
        what: &str,
        run: impl AsyncFnOnce(&mut Instance) -> wasmtime::Result<R>,
    ) -> Result<R> {
        let Session { target, serving, .. } = self.session;
        let instance = self.lease.instance();
        call::begin(instance, serving, self.deadline, Some(self.tree))?;
        let clock = target.runtime.engines.clock();
        let outcome = {
            let running = pin!(run(instance));
            call::within(clock, self.deadline, running).await
        };
        match outcome {
            Ok(outcome) => call::end(target, self.lease.instance(), &serving.revision, what, outcome),
            Err(_) => Err(call::too_long(target, &serving.revision, what)),
        }
    }

    /// The instance, and what it is one of.
    pub(crate) fn place(&mut self) -> (&Revision, &mut Instance) {
        (&self.session.serving.revision, self.lease.instance())
    }

    /// The end of the call: the instance is kept while anything is open in it.
    pub(super) fn leave(self) {
        match &self.session.keeps {
            Keeps::Instance(kept) if self.session.open.load(Ordering::Relaxed) > 0 => {
                *kept.lock() = Kept::Here(self.lease.keep());
            }
            _ if self.session.serving.is_retired() => drop(self.lease),
            _ => self.lease.give_back(),
        }
    }
}

impl Drop for Session {
    /// What is open in an instance that was kept has no owner any more, and goes with it.
    fn drop(&mut self) {
        if let Kept::Here(instance) = self.take_kept() {
            drop(self.serving.instances.lease_kept(self.lane, instance));
        }
    }
}
