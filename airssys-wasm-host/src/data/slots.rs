//! Values by type that an instance owns.
//!
//! Each feature with state in an instance uses a type of its own, and so has one entry here. An
//! instance without values costs nothing: an empty `Vec` does not allocate.
//! Tests: in this file.

use std::any::{Any, TypeId};

/// The values of an instance, one of each type.
///
/// Searched from the last to the first: those of links are added last, and used in each call.
#[derive(Default)]
pub(crate) struct Slots(Vec<(TypeId, Box<dyn Any + Send>)>);

impl Slots {
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Adds `value`, whose type no other slot has.
    pub(crate) fn add<T: Any + Send>(&mut self, value: T) {
        self.0.push((TypeId::of::<T>(), Box::new(value)));
    }

    /// Adds `value`, replacing another of its type.
    pub(crate) fn insert<T: Any + Send>(&mut self, value: T) {
        match self.0.iter_mut().find(|(id, _)| *id == TypeId::of::<T>()) {
            Some((_, slot)) => *slot = Box::new(value),
            None => self.0.push((TypeId::of::<T>(), Box::new(value))),
        }
    }

    /// Returns the value of type `T`.
    #[inline]
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        let mut values = self.0.iter().rev();
        let (_, value) = values.find(|(id, _)| *id == TypeId::of::<T>())?;
        value.downcast_ref()
    }

    /// Returns the value of type `T`, mutably.
    #[inline]
    pub(crate) fn get_mut<T: Any>(&mut self) -> Option<&mut T> {
        let mut values = self.0.iter_mut().rev();
        let (_, value) = values.find(|(id, _)| *id == TypeId::of::<T>())?;
        value.downcast_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_one_value_of_each_type() {
        let mut slots = Slots::default();
        assert_eq!(slots.get::<u32>(), None);
        slots.insert(1u32);
        slots.insert("one");
        slots.insert(2u32);
        *slots.get_mut::<u32>().expect("a value") += 1;
        assert_eq!(
            (slots.get::<u32>(), slots.get::<&str>()),
            (Some(&3), Some(&"one"))
        );
    }
}
