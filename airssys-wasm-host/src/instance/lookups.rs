//! The functions and bindings that handles have looked up in an instance, stored for their next
//! call.
//!
//! Tests: in this file.

use std::any::Any;

/// The slot of a handle in the table of every instance of its deployment.
///
/// A slot is reused after its handle is dropped; `owner` distinguishes the entries of the new
/// handle from those of the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandleSlot {
    pub(crate) index: usize,
    pub(crate) owner: u64,
}

/// Looked-up functions and bindings, by slot.
#[derive(Default)]
pub(crate) struct LookupTable(Vec<Option<LookupEntry>>);

struct LookupEntry {
    owner: u64,
    value: Box<dyn Any + Send + Sync>,
}

impl LookupTable {
    /// Returns `true` if the owner of `slot` has looked something up before.
    #[inline]
    pub(crate) fn has(&self, slot: HandleSlot) -> bool {
        matches!(self.0.get(slot.index), Some(Some(entry)) if entry.owner == slot.owner)
    }

    /// Returns the value that the owner of `slot` looked up before.
    #[inline]
    pub(crate) fn get<T: 'static>(&self, slot: HandleSlot) -> Option<&T> {
        match self.0.get(slot.index)? {
            Some(entry) if entry.owner == slot.owner => entry.value.downcast_ref(),
            _ => None,
        }
    }

    /// Stores the value that the owner of `slot` looked up.
    pub(crate) fn set<T: Send + Sync + 'static>(&mut self, slot: HandleSlot, value: T) {
        if self.0.len() <= slot.index {
            self.0.resize_with(slot.index + 1, || None);
        }
        self.0[slot.index] = Some(LookupEntry {
            owner: slot.owner,
            value: Box::new(value),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_slot_hides_the_value_of_its_old_owner() {
        let mut table = LookupTable::default();
        let (old, new) = (
            HandleSlot { index: 3, owner: 1 },
            HandleSlot { index: 3, owner: 2 },
        );
        assert_eq!(table.get::<u32>(old), None);
        table.set(old, 7u32);
        assert_eq!(table.get(old), Some(&7u32));
        assert_eq!(table.get::<u32>(new), None);
        table.set(new, 8u32);
        assert_eq!(table.get::<u32>(old), None);
    }
}
