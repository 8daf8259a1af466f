//! Tracks the blobs in use: by records, and by revisions without a record. Unused blobs are
//! removed.
//!
//! Tests: `tests/suite/state`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Digest};
use parking_lot::Mutex;

use crate::store::Store;

/// The store of blobs, and the references to them.
pub(super) struct Used {
    store: Store,
    needs: Mutex<Needs>,
}

#[derive(Default)]
struct Needs {
    by_name: BTreeMap<ComponentName, BTreeSet<Digest>>,
    pinned: HashMap<Digest, usize>,
}

/// A reference to blobs: they stay in the store until this is dropped, and as long as a record
/// needs them.
pub(crate) struct Pin {
    used: Arc<Used>,
    digests: Vec<Digest>,
}

impl Needs {
    fn need(&self, digest: &Digest) -> bool {
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

impl Used {
    pub(super) fn new<'a>(
        store: Store,
        records: impl Iterator<Item = (&'a ComponentName, BTreeSet<Digest>)>,
    ) -> Self {
        let by_name = records
            .map(|(name, digests)| (name.clone(), digests))
            .collect();
        Self {
            store,
            needs: Mutex::new(Needs {
                by_name,
                ..Needs::default()
            }),
        }
    }

    /// Removes all blobs without references, as left by a killed process.
    pub(super) fn sweep(&self) -> std::io::Result<()> {
        let needs = self.needs.lock();
        let all: BTreeSet<&Digest> = needs
            .by_name
            .values()
            .flatten()
            .chain(needs.pinned.keys())
            .collect();
        let unneeded = self
            .store
            .all()?
            .into_iter()
            .filter(|digest| !all.contains(digest));
        unneeded
            .into_iter()
            .try_for_each(|digest| self.store.remove(digest))
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Stores blobs under their digests and pins them.
    pub(super) fn keep(self: &Arc<Self>, all: &[(Digest, &[u8])]) -> std::io::Result<Pin> {
        let mut pin = Pin {
            used: Arc::clone(self),
            digests: Vec::new(),
        };
        for (digest, bytes) in all {
            *self.needs.lock().pinned.entry(*digest).or_default() += 1;
            pin.digests.push(*digest);
            self.store.keep(*digest, bytes)?;
        }
        Ok(pin)
    }

    /// Updates the references of changed records, and removes blobs that are no longer needed.
    pub(super) fn changed<'a>(
        &self,
        records: impl Iterator<Item = (&'a ComponentName, BTreeSet<Digest>)>,
    ) {
        let mut needs = self.needs.lock();
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

    fn remove_unneeded(&self, needs: &Needs, digest: Digest) {
        if needs.need(&digest) {
            return;
        }
        // A blob that cannot be removed now is removed at the next start.
        if let Err(error) = self.store.remove(digest) {
            tracing::warn!(%error, "an unused component cannot be removed from the store");
        }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut needs = self.used.needs.lock();
        for digest in &self.digests {
            if needs.unpin(*digest) {
                self.used.remove_unneeded(&needs, *digest);
            }
        }
    }
}
