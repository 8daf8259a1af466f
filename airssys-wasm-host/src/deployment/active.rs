//! A revision while it serves: the calls inside, and whether more may enter.
//!
//! Begins open, may be paused and reopened, and is retired once; to serve the same revision again,
//! a new one is created. Calls on different threads use different gates, so that they share no
//! cache line on entering and leaving. Everything on the call path is `#[inline]`, because that
//! path is generic and compiled in the embedder's crate.
//! Tests: in this file, `airssys-wasm-host/src/deployment/gate.rs`, `tests/suite/promises`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use airssys_wasm_core::Instancing;
use crossbeam_utils::CachePadded;
use tokio::sync::Notify;

use super::gate::{Gate, all_drained};
use super::{Instances, ReadyInstances, lane};
use crate::blocking::BlockingThreads;
use crate::budget::IdleInstances;
use crate::instance::Instance;
use crate::observe::{Announcer, Event};
use crate::revision::Revision;
use crate::services::HostServices;

pub(crate) struct ActiveRevision {
    pub(crate) revision: Arc<Revision>,
    pub(crate) instances: Instances,
    gates: Box<[CachePadded<Gate>]>,
    drain_changed: Notify,
    /// `true` while it is paused, and if it was retired during a pause.
    paused: AtomicBool,
    /// `true` if it will not serve again.
    retired: AtomicBool,
    /// `true` once it is retired and the last call has left.
    ended: AtomicBool,
    announcer: Arc<Announcer>,
    blocking: BlockingThreads,
    this: Weak<Self>,
}

/// Idle instances that are to be dropped. Each frees its memory before its place, so that no other
/// starts while it exists.
struct DroppedInstances {
    active: Arc<ActiveRevision>,
    instances: Vec<Instance>,
}

impl Drop for DroppedInstances {
    fn drop(&mut self) {
        for instance in self.instances.drain(..) {
            drop(instance);
            self.active.instances.release_place(0);
        }
    }
}

impl IdleInstances for ActiveRevision {
    fn drop_idle(&self) {
        self.drop_idle_without_state();
    }
}

impl ActiveRevision {
    /// Serves `revision`, with `first` as its first instance if instances outlive their call.
    /// Without `first`, the first call starts one.
    pub(crate) fn new(
        services: &HostServices,
        revision: Arc<Revision>,
        first: Option<Box<Instance>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            instances: Instances::new(services, Arc::clone(&revision), first),
            revision,
            gates: (0..services.lanes)
                .map(|_| CachePadded::new(Gate::new()))
                .collect(),
            drain_changed: Notify::new(),
            paused: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            announcer: Arc::clone(&services.announcer),
            blocking: services.blocking.clone(),
            this: Weak::clone(this),
        })
    }

    /// Admits a call on this thread's lane and returns the lane. `None` if it is closed.
    #[inline]
    pub(crate) fn enter(&self) -> Option<usize> {
        let lane = lane::current_lane(self.gates.len());
        self.gates[lane].enter().then_some(lane)
    }

    /// Returns the lane of this thread.
    pub(super) fn lane(&self) -> usize {
        lane::current_lane(self.gates.len())
    }

    /// Admits work that belongs to a call already inside.
    pub(super) fn enter_nested(&self, lane: usize) {
        self.gates[lane].enter_nested();
    }

    /// Records that a call has left, on the lane it entered on.
    #[inline]
    pub(crate) fn leave(&self, lane: usize) {
        if self.gates[lane].leave() {
            self.end_if_drained();
        }
    }

    /// Admits no calls until it is [reopened](Self::reopen). Once those inside have left, its
    /// instances are at rest.
    pub(crate) fn pause(&self) {
        self.paused.store(true, Ordering::SeqCst);
        self.close();
    }

    fn close(&self) {
        self.instances.close_ready();
        for gate in &self.gates {
            gate.close();
        }
        self.end_if_drained();
    }

    /// Admits calls again after a pause. Never called after it was retired.
    pub(super) fn reopen(&self, slots: &Arc<ReadyInstances>) {
        self.paused.store(false, Ordering::SeqCst);
        for gate in &self.gates {
            gate.reopen();
        }
        self.instances.open_ready(slots);
    }

    /// Admits no more calls, permanently. Instances remain until the last admitted call has left,
    /// so that a call which waits for a stateful instance still gets it.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::SeqCst);
        self.close();
    }

    /// Returns `true` if it will not serve again, so that an instance given back to it is of no
    /// use.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::SeqCst)
    }

    /// Returns `true` if it is paused and will be reopened or retired.
    pub(super) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst) && !self.is_retired()
    }

    /// Returns `true` if it was retired while paused. Then even the resources open in it have
    /// ended, because the next revision must not run beside it.
    pub(crate) fn is_closed_to_sessions(&self) -> bool {
        self.paused.load(Ordering::SeqCst) && self.is_retired()
    }

    /// Wakes the tasks that wait for the drain, once the last call has left. If it was retired,
    /// also drops the instances and announces the end of the drain, once.
    ///
    /// Both retiring a drained revision and draining a retired one lead here; the fence of
    /// `all_drained` lets at least one of the two see both conditions.
    fn end_if_drained(&self) {
        if !self.is_drained() {
            return;
        }
        if self.retired.load(Ordering::SeqCst) && !self.ended.swap(true, Ordering::SeqCst) {
            self.drop_all_idle();
            self.announcer.announce(Event::Drained {
                deployment: self.revision.name().clone(),
                revision: self.revision.number,
            });
        }
        self.drain_changed.notify_waiters();
    }

    /// Drops the idle instances in the background.
    fn drop_all_idle(&self) {
        let instances = self.instances.take_all_idle();
        if !instances.is_empty()
            && let Some(active) = self.this.upgrade()
        {
            self.blocking.drop(DroppedInstances { active, instances });
        }
    }

    /// Drops the idle instances in the background, unless the component is stateful: new instances
    /// could not replace those.
    pub(super) fn drop_idle_without_state(&self) {
        if self.revision.terms.instancing != Instancing::Stateful {
            self.drop_all_idle();
        }
    }

    /// Waits until it is closed and the last call has left. Cancel safe.
    pub(crate) async fn drained(&self) {
        loop {
            let mut notified = std::pin::pin!(self.drain_changed.notified());
            notified.as_mut().enable();
            if self.is_drained() {
                return;
            }
            notified.await;
        }
    }

    pub(super) fn is_drained(&self) -> bool {
        all_drained(self.gates.iter().map(|gate| &**gate))
    }

    /// Returns the number of calls inside.
    pub(crate) fn calls_inside(&self) -> u64 {
        let ready = self.instances.ready_calls();
        let inside: u64 = self.gates.iter().map(|gate| gate.inside()).sum();
        (inside + ready.running).saturating_sub(ready.instances)
    }

    /// Returns the number of calls admitted so far.
    pub(crate) fn calls_admitted(&self) -> u64 {
        let admitted: u64 = self.gates.iter().map(|gate| gate.admitted()).sum();
        admitted + self.instances.ready_calls().begun
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::{Component, Host};

    /// Occupies the host's threads for short work until the returned senders are dropped.
    async fn occupy(blocking: &BlockingThreads) -> Vec<mpsc::Sender<()>> {
        let (begun, has_begun) = mpsc::channel();
        let mut ends = Vec::new();
        for _ in 0..crate::blocking::WORK_THREADS {
            let ((end, ended), begun) = (mpsc::channel::<()>(), begun.clone());
            let blocking = blocking.clone();
            let work = move || {
                begun.send(()).expect("the test waits for it");
                let _ = ended.recv();
                Ok(())
            };
            tokio::spawn(async move { blocking.run_to_completion(work).await });
            ends.push(end);
        }
        for _ in &ends {
            tokio::task::block_in_place(|| has_begun.recv().expect("it begins"));
        }
        ends
    }

    /// A call that waits for a place must not start an instance while the dropped ones exist.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_dropped_instance_has_its_place_until_its_memory_is_free() {
        let host = Host::builder().pooled_instances_max(4);
        let host = host.build().expect("a host");
        let text = "(component (core module $m (memory 1)) (core instance (instantiate $m)))";
        let component = Component::from_bytes(wat::parse_str(text).expect("valid text"))
            .and_then(|component| component.with_name("idle"))
            .expect("a component");
        let deployed = host.deploy(component).instancing(Instancing::pooled(1));
        let deployment = deployed.await.expect("deployed");
        let active = deployment.0.active_revision();
        let memory = || active.revision.share.memory().taken();
        assert_eq!((active.instances.count(), memory()), (1, 65_536));
        let occupied = occupy(&host.0.context.services.blocking).await;
        active.drop_idle_without_state();
        assert_eq!((active.instances.count(), memory()), (1, 65_536));
        drop(occupied);
        while active.instances.count() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(memory(), 0);
    }
}
