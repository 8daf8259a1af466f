//! The instance of another deployment in which a caller has resources, for as long as it has any.
//!
//! An instance that is worth no more than another (one per call, or of a pool) is held for the
//! caller alone, together with its revision, even if another revision is active by then. The only
//! instance of a stateful component serves other callers in between; resources open in it are lost
//! with it.
//! Tests: `tests/suite/links/resources.rs`.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use airssys_wasm_core::Instancing;
use parking_lot::Mutex;
use tokio::runtime::Handle as Runtime;
use wasmtime::component::ResourceAny;

use super::remote::Remote;
use super::tree::{Entered, Tree};
use crate::call;
use crate::deployment::{Keeper, Lease, Named, Serving};
use crate::engine::Ticks;
use crate::instance::{Instance, poll_contained};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

const DESTRUCTOR: &str = "the destructor of a resource";

/// The resources that a caller has open in one instance of another deployment.
pub(crate) struct Session {
    target: Arc<Named>,
    serving: Arc<Serving>,
    lane: usize,
    keeps: Keeps,
    /// The number of open resources.
    open: AtomicUsize,
    /// Resources whose owner is gone.
    orphans: Mutex<Vec<ResourceAny>>,
    /// The tokio runtime that drops orphans.
    runtime: Option<Runtime>,
}

enum Keeps {
    /// The instance itself.
    Instance(Mutex<Kept>),
    /// The number of the only instance of its revision.
    Number(OnceLock<u64>),
}

/// The state of the instance that a session holds.
enum Kept {
    /// Not leased yet; the first call leases it.
    NotYet,
    Here(Box<Instance>),
    /// In use by a call, discarded, or no longer needed.
    Away,
}

/// The admission of a call that belongs to a session.
pub(crate) struct Sitting {
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
    /// Begins a session in the revision that a call was admitted to.
    pub(super) fn begin(target: &Arc<Named>, entered: &Entered) -> Arc<Self> {
        let keeps = match entered.serving.revision.instancing {
            Instancing::Stateful => Keeps::Number(OnceLock::new()),
            _ => Keeps::Instance(Mutex::new(Kept::NotYet)),
        };
        let session = Arc::new(Self {
            target: Arc::clone(target),
            serving: Arc::clone(&entered.serving),
            lane: entered.lane,
            keeps,
            open: AtomicUsize::new(0),
            orphans: Mutex::default(),
            runtime: Runtime::try_current().ok(),
        });
        if session.keeps_its_instance() {
            let keeper: Arc<dyn Keeper> = session.clone();
            target.keepers.register(Arc::downgrade(&keeper));
        }
        session
    }

    /// Returns `true` if the instance belongs to `target`.
    pub(crate) fn is_of(&self, target: &Arc<Named>) -> bool {
        Arc::ptr_eq(&self.target, target)
    }

    /// Returns `true` if the instance serves no other caller.
    pub(super) fn keeps_its_instance(&self) -> bool {
        matches!(self.keeps, Keeps::Instance(_))
    }

    /// Returns `true` if a call admitted by `serving` may open more resources here.
    pub(super) fn is_open_in(&self, serving: &Arc<Serving>) -> bool {
        let is_here = match &self.keeps {
            Keeps::Instance(kept) => matches!(*kept.lock(), Kept::Here(_)),
            Keeps::Number(number) => number.get() == Some(&serving.instances.newest()),
        };
        is_here && Arc::ptr_eq(&self.serving, serving)
    }

    /// Returns `true` if resources of both sessions can be used together.
    pub(super) fn is_where(&self, other: &Self) -> bool {
        match (&self.keeps, &other.keeps) {
            (Keeps::Number(here), Keeps::Number(there)) => here.get() == there.get(),
            _ => std::ptr::eq(self, other),
        }
    }

    /// Counts a resource that was opened.
    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a resource that was closed.
    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Admits a call to the resources that are open here.
    pub(super) async fn enter(&self, tree: &Arc<Tree>) -> Result<Entered> {
        if self.keeps_its_instance() {
            let entered = tree.enter_kept(&self.target, &self.serving).await?;
            return entered.ok_or_else(|| self.lost());
        }
        let entered = tree.enter(&self.target).await?;
        if Arc::ptr_eq(&entered.serving, &self.serving) {
            Ok(entered)
        } else {
            Err(self.lost())
        }
    }

    /// Leases the instance for a call that was admitted; the first call chooses it.
    pub(super) async fn seat<'a>(
        &'a self,
        tree: &'a Arc<Tree>,
        entered: &'a Entered,
        bound: Ticks,
    ) -> Result<Seat<'a>> {
        let clock = self.target.runtime.engines.clock();
        let deadline = clock
            .now()
            .plus(self.serving.revision.call_ticks)
            .min(bound);
        let lease = match &self.keeps {
            Keeps::Instance(kept) => self.lease_kept(take(kept), entered.lane, deadline).await?,
            Keeps::Number(number) => self.lease_numbered(number, entered.lane, deadline).await?,
        };
        Ok(Seat {
            session: self,
            tree,
            deadline,
            lease,
        })
    }

    async fn lease_kept(&self, kept: Kept, lane: usize, deadline: Ticks) -> Result<Lease<'_>> {
        match kept {
            Kept::Here(instance) => Ok(self.serving.instances.lease_kept(self.lane, instance)),
            Kept::Away => Err(self.lost()),
            Kept::NotYet => self.lease(lane, deadline).await,
        }
    }

    /// Leases the instance in which resources were opened before, if it still exists.
    async fn lease_numbered(
        &self,
        number: &OnceLock<u64>,
        lane: usize,
        deadline: Ticks,
    ) -> Result<Lease<'_>> {
        let is_it = |here: u64| number.get().is_none_or(|number| *number == here);
        if !is_it(self.serving.instances.newest()) {
            return Err(self.lost());
        }
        let mut lease = self.lease(lane, deadline).await?;
        let here = lease.instance().store.data().number();
        if !is_it(here) {
            // A newer instance, with resources of other sessions only.
            lease.give_back();
            return Err(self.lost());
        }
        number.get_or_init(|| here);
        Ok(lease)
    }

    /// Leases any instance, as other calls do.
    async fn lease(&self, lane: usize, deadline: Ticks) -> Result<Lease<'_>> {
        let Serving {
            instances,
            revision,
            ..
        } = &*self.serving;
        if let Some(lease) = instances.lease_idle(lane) {
            return Ok(lease);
        }
        let lease = Box::pin(instances.lease(&self.target.runtime, lane, deadline));
        let clock = self.target.runtime.engines.clock();
        let leased = call::within(clock, deadline, pin!(lease)).await;
        leased.unwrap_or_else(|_| Err(call::past_deadline(revision, "a call with resources")))
    }

    /// Runs the destructor of a resource that its owner drops, unless its instance is already gone.
    pub(super) async fn drop_in(
        &self,
        tree: &Arc<Tree>,
        bound: Ticks,
        remote: Remote,
    ) -> Result<()> {
        match self.run_destructor(tree, bound, remote).await {
            Err(error) if is_gone(&error) => Ok(()),
            outcome => outcome,
        }
    }

    async fn run_destructor(&self, tree: &Arc<Tree>, bound: Ticks, remote: Remote) -> Result<()> {
        let entered = self.enter(tree).await?;
        let mut seat = self.seat(tree, &entered, bound).await?;
        if let Some(resource) = remote.give_away() {
            seat.destroy(resource).await?;
        }
        seat.leave();
        Ok(())
    }

    /// Drops a resource whose owner is gone. In an instance held by the session there is nothing to
    /// do: it is dropped with the session, and the resource with it.
    pub(super) fn abandon(self: &Arc<Self>, resource: ResourceAny) {
        let (Keeps::Number(_), Some(runtime)) = (&self.keeps, &self.runtime) else {
            return;
        };
        let is_first = {
            let mut orphans = self.orphans.lock();
            orphans.push(resource);
            orphans.len() == 1
        };
        if is_first {
            let session = Arc::clone(self);
            runtime.spawn(async move { session.drop_orphans().await });
        }
    }

    /// Drops the orphans. Waits for the instance without limit, since no caller waits for this.
    async fn drop_orphans(&self) {
        while let Err(error) = self.try_to_drop_orphans().await {
            if error.kind() != ErrorKind::DeadlineExceeded {
                // They ended with their instance or its deployment.
                self.orphans.lock().clear();
            }
        }
    }

    async fn try_to_drop_orphans(&self) -> Result<()> {
        if self.orphans.lock().is_empty() {
            return Ok(());
        }
        let tree = Arc::new(Tree::default());
        let entered = self.enter(&tree).await?;
        let mut seat = self.seat(&tree, &entered, Ticks::MAX).await?;
        while let Some(orphan) = self.next_orphan() {
            seat.destroy(orphan).await?;
        }
        seat.leave();
        Ok(())
    }

    fn next_orphan(&self) -> Option<ResourceAny> {
        self.orphans.lock().pop()
    }

    fn lost(&self) -> Error {
        let message = format!(
            "a resource of {} is lost: its instance has ended; open it again",
            self.serving.revision
        );
        Error::new(ErrorKind::ResourceLost, message)
    }
}

/// Returns `true` if nothing is left to drop: an instance ends with its deployment and with its
/// host.
fn is_gone(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ResourceLost | ErrorKind::NotDeployed | ErrorKind::HostDropped
    )
}

fn take(kept: &Mutex<Kept>) -> Kept {
    std::mem::replace(&mut kept.lock(), Kept::Away)
}

impl Keeper for Session {
    fn serving(&self) -> &Arc<Serving> {
        &self.serving
    }

    fn let_go(&self) {
        if let Keeps::Instance(kept) = &self.keeps
            && let Kept::Here(instance) = take(kept)
        {
            drop(self.serving.instances.lease_kept(self.lane, instance));
        }
    }
}

impl Drop for Session {
    /// Discards a held instance with the resources that are open in it, which have no owner any
    /// more.
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Sitting {
    /// Runs a call in the session's instance.
    pub(crate) async fn call<R>(
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
    /// Runs `run` in the instance, within the time of the call.
    pub(crate) async fn run<R>(
        &mut self,
        what: &str,
        run: impl AsyncFnOnce(&mut Instance) -> wasmtime::Result<R>,
    ) -> Result<R> {
        let Session {
            target, serving, ..
        } = self.session;
        let instance = self.lease.instance();
        call::begin(instance, serving, self.deadline, Some(self.tree))?;
        let clock = target.runtime.engines.clock();
        let outcome = {
            let permit = instance.store.data_mut().crowd_permit();
            let mut running = pin!(run(instance));
            let computing =
                permit.while_computing(|context| poll_contained(running.as_mut(), context));
            call::within(clock, self.deadline, pin!(computing)).await
        };
        match outcome {
            Ok(outcome) => call::end(
                target,
                self.lease.instance(),
                &serving.revision,
                what,
                outcome,
            ),
            Err(_) => Err(call::too_long(target, &serving.revision, what)),
        }
    }

    async fn destroy(&mut self, resource: ResourceAny) -> Result<()> {
        let drop =
            async |instance: &mut Instance| resource.resource_drop_async(&mut instance.store).await;
        self.run(DESTRUCTOR, drop).await
    }

    /// Returns the instance and its revision.
    pub(crate) fn place(&mut self) -> (&Revision, &mut Instance) {
        (&self.session.serving.revision, self.lease.instance())
    }

    /// Ends the call. The instance is held while any resource is open in it.
    pub(super) fn leave(self) {
        let Session {
            keeps,
            serving,
            open,
            ..
        } = self.session;
        match keeps {
            Keeps::Instance(kept) if open.load(Ordering::Relaxed) > 0 && !serving.is_over() => {
                *kept.lock() = Kept::Here(self.lease.keep());
            }
            Keeps::Instance(_) if serving.is_retired() => drop(self.lease),
            _ => self.lease.give_back(),
        }
    }
}
