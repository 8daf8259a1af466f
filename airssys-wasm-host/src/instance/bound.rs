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
pub(crate) struct Slot {
    pub(crate) place: usize,
    pub(crate) owner: u64,
}

/// Looked-up functions and bindings, by slot.
#[derive(Default)]
pub(crate) struct Table(Vec<Option<Entry>>);

struct Entry {
    owner: u64,
    value: Box<dyn Any + Send + Sync>,
}

impl Table {
    /// Returns `true` if the owner of `slot` has looked something up before.
    #[inline]
    pub(crate) fn has(&self, slot: Slot) -> bool {
        matches!(self.0.get(slot.place), Some(Some(entry)) if entry.owner == slot.owner)
    }

    /// Returns the value that the owner of `slot` looked up before.
    #[inline]
    pub(crate) fn get<T: 'static>(&self, slot: Slot) -> Option<&T> {
        match self.0.get(slot.place)? {
            Some(entry) if entry.owner == slot.owner => entry.value.downcast_ref(),
            _ => None,
        }
    }

    /// Stores the value that the owner of `slot` looked up.
    pub(crate) fn set<T: Send + Sync + 'static>(&mut self, slot: Slot, value: T) {
        if self.0.len() <= slot.place {
            self.0.resize_with(slot.place + 1, || None);
        }
        self.0[slot.place] = Some(Entry {
            owner: slot.owner,
            value: Box::new(value),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_used_again_does_not_show_what_the_old_owner_left() {
        let mut table = Table::default();
        let (old, new) = (Slot { place: 3, owner: 1 }, Slot { place: 3, owner: 2 });
        assert_eq!(table.get::<u32>(old), None);
        table.set(old, 7u32);
        assert_eq!(table.get(old), Some(&7u32));
        assert_eq!(table.get::<u32>(new), None);
        table.set(new, 8u32);
        assert_eq!(table.get::<u32>(old), None);
    }
}
