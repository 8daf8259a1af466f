//! The choice of one of several targets for an item, by the value of its key.
//!
//! Equal keys go to the same target, in every run and in every build of the pipeline with the same
//! number of targets.
//! Tests: in this file.

use super::field::FieldPath;
use crate::Value;

/// The share of one target in an output that is partitioned by a key.
///
/// The target is the hash of the key modulo the number of targets, in the order of the targets. The
/// hash is 64-bit FNV-1a over the bytes of the WAVE text of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionShare {
    pub(super) partition: usize,
    pub(super) by: FieldPath,
    pub(super) index: usize,
    pub(super) targets: usize,
}

impl PartitionShare {
    /// The field by which items are partitioned.
    #[must_use]
    pub fn by(&self) -> &FieldPath {
        &self.by
    }

    /// The index of the partition in the pipeline.
    #[must_use]
    pub fn partition(&self) -> usize {
        self.partition
    }

    /// The index of this target in the partition.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The number of targets.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Returns `true` if an item goes to this target. An item without the key goes to the first
    /// target.
    #[must_use]
    pub fn accepts(&self, item: &Value) -> bool {
        let hash = self
            .by
            .value_in(item)
            .map_or(0, |key| fnv1a(key.to_wave().as_bytes()));
        hash % (self.targets as u64) == self.index as u64
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    let next = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn every_item_has_one_target_and_all_targets_are_used() {
        let share = |place: usize| PartitionShare {
            partition: 0,
            by: "".parse().expect("the item itself"),
            index: place,
            targets: 3,
        };
        let mut used = [0; 3];
        for item in (0..100u32).map(Value::from) {
            let takers: Vec<usize> = (0..3)
                .filter(|place| share(*place).accepts(&item))
                .collect();
            assert_eq!(takers.len(), 1, "{item}");
            used[takers[0]] += 1;
        }
        assert!(used.iter().all(|count| *count > 15), "{used:?}");
    }
}
