//! The handles that callers hold: every update is checked against them.
//!
//! Keeps no handle alive. Tests: the workspace's `tests/promises`.

use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Revision;
use crate::instance::{Instance, Slot};
use crate::{Error, ErrorKind, Result};

/// A handle, as an update sees it.
pub(crate) trait Caller: Send + Sync {
    /// Looks up in `instance` what the handle needs.
    fn bind(&self, revision: &Revision, instance: &mut Instance) -> Result<()>;
}

/// Every handle of one deployment, by its slot's place.
#[derive(Default)]
pub(crate) struct Callers {
    places: Mutex<Vec<Option<Weak<dyn Caller>>>>,
    owners: AtomicU64,
}

impl Callers {
    /// Takes a slot for a new handle.
    pub(crate) fn take_slot(&self) -> Slot {
        let mut places = self.places.lock();
        let free =
            places.iter().position(|place| place.as_ref().is_some_and(|caller| caller.strong_count() == 0));
        let place = free.unwrap_or(places.len());
        if free.is_none() {
            places.push(None);
        }
        // Taken until `register`: `None` is not free.
        places[place] = None;
        Slot { place, owner: self.owners.fetch_add(1, Ordering::Relaxed) }
    }

    /// Remembers the handle that has `slot`.
    pub(crate) fn register(&self, slot: Slot, caller: Weak<dyn Caller>) {
        self.places.lock()[slot.place] = Some(caller);
    }

    /// Binds every handle that still exists to `instance`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CallersLost`] with every handle that does not fit.
    pub(crate) fn bind_all(&self, revision: &Revision, instance: &mut Instance) -> Result<()> {
        let callers: Vec<_> = self.places.lock().iter().flatten().filter_map(Weak::upgrade).collect();
        let problems: Vec<String> = callers
            .iter()
            .filter_map(|caller| caller.bind(revision, instance).err())
            .map(|error| error.to_string())
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::CallersLost,
            format!("callers hold handles that {revision} cannot serve: {}", problems.join("; ")),
        ))
    }
}
