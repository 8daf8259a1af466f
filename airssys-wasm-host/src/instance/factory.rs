//! Creates the values of a new instance.
//!
//! Tests: `tests/suite/embedding`.

use std::any::{Any, TypeId};
use std::sync::Arc;

use super::InstanceState;
use crate::data::Slots;

/// A function that creates a value.
type Factory = Arc<dyn Fn(&InstanceState) -> SlotInsertion + Send + Sync>;

/// A function that adds a created value to its slot.
type SlotInsertion = Box<dyn FnOnce(&mut Slots) + Send>;

/// The factories of a host, one for each type.
#[derive(Clone, Default)]
pub(crate) struct Factories(Vec<(TypeId, Factory)>);

impl Factories {
    /// Adds a factory, replacing another for the same type.
    pub(crate) fn insert<T: Any + Send>(
        &mut self,
        make: impl Fn(&InstanceState) -> T + Send + Sync + 'static,
    ) {
        let factory: Factory = Arc::new(move |state| {
            let value = make(state);
            Box::new(move |slots: &mut Slots| slots.insert(value))
        });
        self.0.retain(|(id, _)| *id != TypeId::of::<T>());
        self.0.push((TypeId::of::<T>(), factory));
    }

    /// Runs the factories in the order in which they were added. Each can use the values of those
    /// before it.
    pub(crate) fn fill(&self, state: &mut InstanceState) {
        for (_, factory) in &self.0 {
            let made = factory(state);
            made(state.slots());
        }
    }
}
