//! Values by type that many instances share.
//!
//! Tests: in this file.

use std::any::{Any, TypeId};
use std::sync::Arc;

/// Shared values, one of each type. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SharedValues(Arc<[(TypeId, Arc<dyn Any + Send + Sync>)]>);

impl Default for SharedValues {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl SharedValues {
    /// Adds `value`, replacing another of its type.
    pub(crate) fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        let kept = self
            .0
            .iter()
            .filter(|(id, _)| *id != TypeId::of::<T>())
            .cloned();
        let value: Arc<dyn Any + Send + Sync> = Arc::new(value);
        self.0 = kept.chain([(TypeId::of::<T>(), value)]).collect();
    }

    /// Adds all of `others`, replacing values of the same types.
    pub(crate) fn extend(&mut self, others: &Self) {
        if others.0.is_empty() {
            return;
        }
        let replaced = |id: &TypeId| others.0.iter().any(|(other, _)| other == id);
        let kept = self.0.iter().filter(|(id, _)| !replaced(id));
        self.0 = kept.chain(others.0.iter()).cloned().collect();
    }

    /// Returns the value of type `T`.
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        let (_, value) = self.0.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
        value.downcast_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_one_value_of_each_type() {
        let mut data = SharedValues::default();
        assert_eq!(data.get::<u32>(), None);
        data.insert(1u32);
        data.insert("one");
        data.insert(2u32);
        assert_eq!(
            (data.get::<u32>(), data.get::<&str>()),
            (Some(&2), Some(&"one"))
        );
    }

    #[test]
    fn extending_replaces_values_of_the_same_types_only() {
        let (mut host, mut deployment) = (SharedValues::default(), SharedValues::default());
        host.insert(1u32);
        host.insert("host");
        deployment.insert(2u32);
        let before = host.clone();
        host.extend(&deployment);
        assert_eq!(
            (host.get::<u32>(), host.get::<&str>()),
            (Some(&2), Some(&"host"))
        );
        assert_eq!(before.get::<u32>(), Some(&1), "clones are independent");
    }
}
