//! A file whose name is about to be taken from it, under a quota: nothing may be left that no
//! quota counts.
//!
//! Tests: the workspace's `tests/suite/capabilities/files`.

use std::fs::File;

use super::route::Place;

/// A file whose name is about to be taken from it. Dropped, it is emptied if it has no name
/// any more.
pub(super) struct Held(File);

impl Held {
    /// The ordinary file that lies in a place; none if there is none that can be written. Blocks.
    #[cfg(unix)]
    pub(super) fn open(place: &Place) -> Option<Self> {
        use rustix::fs::{Mode, OFlags, openat};

        use super::route::EntryKind;

        if place.found != Some(EntryKind::File) {
            return None;
        }
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&place.directory, place.name.as_str(), flags, Mode::empty())
            .map(File::from)
            .ok()?;
        file.metadata()
            .is_ok_and(|metadata| metadata.is_file())
            .then_some(Self(file))
    }

    /// Nothing is under a quota on this system.
    #[cfg(not(unix))]
    pub(super) fn open(_: &Place) -> Option<Self> {
        None
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            if self
                .0
                .metadata()
                .is_ok_and(|metadata| metadata.nlink() == 0)
            {
                // What cannot be emptied can grow no more either.
                let _ = self.0.set_len(0);
            }
        }
    }
}
