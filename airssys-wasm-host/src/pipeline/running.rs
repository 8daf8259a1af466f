//! A deployed pipeline, and the edges that its items take.
//!
//! Tests: `tests/suite/pipelines`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use airssys_wasm_core::pipeline::{ComponentPipeline, Edge, EdgeFilter, Lane, OnError, OutputPort};
use tokio::sync::Notify;

use super::check::describe_item;
use super::dead_letter::{DeadLetter, DeadLetterReceiver, FailureCause};
use super::item::Item;
use super::unit::{DroppedItem, ErrorPort, Unit, increment};
use crate::{Error, ErrorKind, Result};

/// A deployed pipeline.
pub(crate) struct RunningPipeline {
    /// The pipeline as it was deployed.
    pub(super) pipeline: ComponentPipeline,
    pub(super) units: Vec<Unit>,
    /// The edges that leave each unit.
    pub(super) edges: Vec<Vec<UnitEdge>>,
    /// The unit and the parameter of each input.
    pub(super) inputs: Vec<(usize, usize)>,
    /// The stage whose output leaves the pipeline, for each unit.
    pub(super) outputs: Vec<Option<Arc<str>>>,
    /// The units one after the other, if every item passes through all of them in this order.
    pub(super) chain: Option<Vec<usize>>,
    pub(super) in_flight_max: usize,
    pub(super) dead_letters: Option<Arc<dyn DeadLetterReceiver>>,
    /// Held during the update of a stage, so that one runs at a time.
    pub(super) update_lock: tokio::sync::Mutex<()>,
    in_flight: AtomicUsize,
    is_closed: AtomicBool,
    changed: Notify,
}

/// An edge between two units.
pub(super) struct UnitEdge {
    pub(super) port: OutputPort,
    pub(super) route: EdgeFilter,
    pub(super) to: usize,
    pub(super) param: usize,
    /// The type that the item is converted to, if it has another.
    pub(super) convert: Option<airssys_wasm_core::world::Type>,
}

/// A guard for an item inside the pipeline. The item leaves when it is dropped.
pub(super) struct ItemGuard(Arc<RunningPipeline>);

impl RunningPipeline {
    pub(super) fn new(
        pipeline: ComponentPipeline,
        units: Vec<Unit>,
        letters: Option<Arc<dyn DeadLetterReceiver>>,
    ) -> Self {
        let unit_of = |stage: usize| {
            units
                .iter()
                .position(|unit| unit.stages.contains(&stage))
                .expect("every stage is in a unit")
        };
        let ways: Vec<Vec<UnitEdge>> = units
            .iter()
            .map(|unit| {
                let last = unit.stages.last().copied();
                let leaves = pipeline
                    .edges()
                    .iter()
                    .filter(|edge| Some(edge.from()) == last);
                leaves
                    .map(|edge| UnitEdge::from_edge(edge, &pipeline, unit_of(edge.to())))
                    .collect()
            })
            .collect();
        let inputs: Vec<(usize, usize)> = pipeline
            .inputs()
            .iter()
            .map(|input| (unit_of(input.stage), input.param))
            .collect();
        let outputs: Vec<Option<Arc<str>>> = units
            .iter()
            .map(|unit| output_name(&pipeline, unit))
            .collect();
        let in_all =
            |unit: &Unit| (unit.options.concurrency_max() + unit.options.queue_capacity()) as usize;
        let in_flight_max = match pipeline.in_flight_max() {
            Some(most) => most as usize,
            None => units.iter().map(in_all).sum(),
        };
        Self {
            chain: chain(&units, &ways, &inputs, &outputs),
            pipeline,
            edges: ways,
            outputs,
            inputs,
            in_flight_max: in_flight_max.max(1),
            dead_letters: letters,
            update_lock: tokio::sync::Mutex::default(),
            in_flight: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            changed: Notify::new(),
            units,
        }
    }

    /// Returns the unit of a stage, if the stage exists.
    pub(super) fn unit_of(&self, stage: &str) -> Option<&Unit> {
        let place = self
            .pipeline
            .stages()
            .iter()
            .position(|known| known.name() == stage)?;
        self.units.iter().find(|unit| unit.stages.contains(&place))
    }

    /// Returns the pipeline with the components of its active revisions, which may have been
    /// updated or rolled back since. The types of its inputs and outputs stay the same.
    pub(super) fn with_active_components(&self) -> ComponentPipeline {
        let mut now = self.pipeline.clone();
        for unit in &self.units {
            let serving = unit.named.revision();
            for (place, part) in unit.stages.iter().zip(serving.component.stages()) {
                let stage = &now.stages()[*place];
                let (was, is) = (stage.component(), &**part);
                if (was.digest(), was.version()) != (is.digest(), is.version()) {
                    let name = stage.name().to_owned();
                    // It served in this stage, so it fits.
                    now = now
                        .with_replacement(&name, part.clone().into())
                        .unwrap_or(now);
                }
            }
        }
        now
    }

    /// Admits an item.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotDeployed`] if the pipeline accepts no more items.
    pub(super) fn enter(self: &Arc<Self>) -> Result<ItemGuard> {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let inside = ItemGuard(Arc::clone(self));
        if self.is_closed.load(Ordering::SeqCst) {
            let message = format!("the pipeline `{}` was removed", self.pipeline.name());
            return Err(Error::new(ErrorKind::NotDeployed, message));
        }
        Ok(inside)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Stops accepting items.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Accepts items again, after a removal that failed.
    pub(super) fn reopen(&self) {
        self.is_closed.store(false, Ordering::SeqCst);
    }

    /// Waits until the pipeline accepts no more items.
    pub(super) async fn wait_until_closed(&self) {
        self.wait_until(|| self.is_closed()).await;
    }

    /// Waits until the last item has left.
    pub(super) async fn wait_until_empty(&self) {
        self.wait_until(|| self.in_flight() == 0).await;
    }

    async fn wait_until(&self, until: impl Fn() -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if until() {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn error_port(&self, unit: usize) -> ErrorPort {
        let mut edges = self.edges[unit].iter();
        if edges.any(|edge| edge.port == OutputPort::Error) {
            ErrorPort::Connected
        } else {
            ErrorPort::Unconnected
        }
    }

    /// Applies `action` to an item that goes no further. `number` is the number of the item in its
    /// run, if it belongs to one.
    ///
    /// # Errors
    ///
    /// The failure of the item, if the action is to end the run.
    pub(super) fn apply_action(
        &self,
        unit: usize,
        number: Option<u64>,
        action: OnError,
        ended: DroppedItem,
    ) -> Result<()> {
        let unit = &self.units[unit];
        match action {
            OnError::Skip => increment(&unit.counters.skipped),
            OnError::DeadLetter => {
                increment(&unit.counters.dead_letters);
                self.send_dead_letter(unit, number, ended);
            }
            _ => return Err(self.failure(unit, number, &ended)),
        }
        Ok(())
    }

    fn send_dead_letter(&self, unit: &Unit, number: Option<u64>, ended: DroppedItem) {
        let Some(letters) = &self.dead_letters else {
            return;
        };
        letters.receive(DeadLetter {
            pipeline: self.pipeline.name().clone(),
            stage: unit.name.clone(),
            revision: ended.revision,
            sequence: number.unwrap_or_default(),
            attempts: ended.attempts,
            inputs: ended.inputs,
            cause: ended.cause,
        });
    }

    fn failure(&self, unit: &Unit, number: Option<u64>, ended: &DroppedItem) -> Error {
        let class = match &ended.cause {
            FailureCause::Returned(_) => ErrorKind::StageError.into(),
            FailureCause::Failed(error) => error.class(),
        };
        let what = describe_item(&self.pipeline, number);
        Error::new(
            class,
            format!("{what}, at stage `{}`: {}", unit.name, ended.cause),
        )
    }
}

fn output_name(pipeline: &ComponentPipeline, unit: &Unit) -> Option<Arc<str>> {
    let last = unit.stages.last()?;
    let is_output = pipeline
        .outputs()
        .iter()
        .any(|output| output.stage == *last);
    is_output.then(|| pipeline.stages()[*last].name().into())
}

/// Returns the units in order, if each has one input, and one outgoing edge that takes every item.
fn chain(
    units: &[Unit],
    ways: &[Vec<UnitEdge>],
    inputs: &[(usize, usize)],
    outputs: &[Option<Arc<str>>],
) -> Option<Vec<usize>> {
    let [(first, _)] = inputs else { return None };
    let mut chain = vec![*first];
    loop {
        let last = chain[chain.len() - 1];
        match &ways[last][..] {
            [] => break,
            [way] if way.is_for_all() && !chain.contains(&way.to) => chain.push(way.to),
            _ => return None,
        }
    }
    let is_plain = |unit: &Unit| unit.inputs == 1 && unit.source.is_none();
    let is_last = |place: &usize| chain.last() == Some(place);
    let leaves_at_its_end = chain
        .iter()
        .all(|place| is_last(place) || outputs[*place].is_none());
    let is_chain = chain.len() == units.len() && units.iter().all(is_plain) && leaves_at_its_end;
    is_chain.then_some(chain)
}

impl UnitEdge {
    /// Returns `true` if every output takes this edge unchanged.
    fn is_for_all(&self) -> bool {
        self.port == OutputPort::Output
            && self.route == EdgeFilter::Always
            && self.convert.is_none()
    }

    fn from_edge(edge: &Edge, pipeline: &ComponentPipeline, to: usize) -> Self {
        let wanted = &pipeline.stages()[edge.to()].inputs()[edge.param()].ty;
        Self {
            port: edge.output_port(),
            route: edge.filter().clone(),
            to,
            param: edge.param(),
            // A list is read as the stream that is wanted, without being converted first.
            convert: (edge.ty() != wanted && edge.lane() != Lane::Streamed).then(|| wanted.clone()),
        }
    }

    /// Returns `true` if an item takes this edge.
    pub(super) fn takes(&self, item: &Item) -> Result<bool> {
        match &self.route {
            EdgeFilter::Always => Ok(true),
            route => Ok(route.accepts(&item.clone().into_value()?)),
        }
    }
}

impl Drop for ItemGuard {
    fn drop(&mut self) {
        // Only a pipeline that accepts no more items is waited for.
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.is_closed() {
            self.0.changed.notify_waiters();
        }
    }
}
