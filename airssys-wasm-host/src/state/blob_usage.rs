//! Tracks the blobs in use: by records, and by revisions without a record. Unused blobs are
//! removed.
//!
//! Tests: `tests/suite/state`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Digest};
use parking_lot::Mutex;

use crate::store::BlobStore;

/// The store of blobs, and the references to them.
pub(super) struct BlobUsage {
    store: BlobStore,
    references: Mutex<BlobReferences>,
}

#[derive(Default)]
struct BlobReferences {
    by_name: BTreeMap<ComponentName, BTreeSet<Digest>>,
    pinned: HashMap<Digest, usize>,
}

/// A reference to blobs: they stay in the store until this is dropped, and as long as a record
/// needs them.
pub(crate) struct BlobPin {
    usage: Arc<BlobUsage>,
    digests: Vec<Digest>,
}

impl BlobReferences {
    fn is_needed(&self, digest: &Digest) -> bool {
        self.pinned.contains_key(digest)
            || self
                .by_name
                .values()
                .any(|digests| digests.contains(digest))
    }

    /// Removes a pin. Returns `true` if it was the last.
    fn unpin(&mut self, digest: Digest) -> bool {
        match self.pinned.get_mut(&digest) {
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            _ => {
                self.pinned.remove(&digest);
                true
            }
        }
    }
}

impl BlobUsage {
    pub(super) fn new<'a>(
        store: BlobStore,
        records: impl Iterator<Item = (&'a ComponentName, BTreeSet<Digest>)>,
    ) -> Self {
        let by_name = records
            .map(|(name, digests)| (name.clone(), digests))
            .collect();
        Self {
            store,
            references: Mutex::new(BlobReferences {
                by_name,
                ..BlobReferences::default()
            }),
        }
    }

    /// Removes all blobs without references, as left by a killed process.
    pub(super) fn sweep(&self) -> std::io::Result<()> {
        let needs = self.references.lock();
        let all: BTreeSet<&Digest> = needs
            .by_name
            .values()
            .flatten()
            .chain(needs.pinned.keys())
            .collect();
        let unneeded = self
            .store
            .digests()?
            .into_iter()
            .filter(|digest| !all.contains(digest));
        unneeded
            .into_iter()
            .try_for_each(|digest| self.store.remove(digest))
    }

    pub(super) fn store(&self) -> &BlobStore {
        &self.store
    }

    /// Stores blobs under their digests and pins them.
    pub(super) fn pin(self: &Arc<Self>, all: &[(Digest, &[u8])]) -> std::io::Result<BlobPin> {
        let mut pin = BlobPin {
            usage: Arc::clone(self),
            digests: Vec::new(),
        };
        for (digest, bytes) in all {
            *self.references.lock().pinned.entry(*digest).or_default() += 1;
            pin.digests.push(*digest);
            self.store.put(*digest, bytes)?;
        }
        Ok(pin)
    }

    /// Updates the references of changed records, and removes blobs that are no longer needed.
    pub(super) fn update_records<'a>(
        &self,
        records: impl Iterator<Item = (&'a ComponentName, BTreeSet<Digest>)>,
    ) {
        let mut needs = self.references.lock();
        for (name, digests) in records {
            let before = match digests.is_empty() {
                true => needs.by_name.remove(name),
                false => needs.by_name.insert(name.clone(), digests),
            };
            before
                .iter()
                .flatten()
                .for_each(|digest| self.remove_unneeded(&needs, *digest));
        }
    }

    fn remove_unneeded(&self, needs: &BlobReferences, digest: Digest) {
        if needs.is_needed(&digest) {
            return;
        }
        // A blob that cannot be removed now is removed at the next start.
        if let Err(error) = self.store.remove(digest) {
            tracing::warn!(%error, "an unused component cannot be removed from the store");
        }
    }
}

impl Drop for BlobPin {
    fn drop(&mut self) {
        let mut needs = self.usage.references.lock();
        for digest in &self.digests {
            if needs.unpin(*digest) {
                self.usage.remove_unneeded(&needs, *digest);
            }
        }
    }
}
