//! Keeps a file open while its name is removed under a quota, so that no bytes remain which no
//! quota counts.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use std::fs::File;

use super::resolution::ResolvedPath;

/// A file whose name is about to be removed. When dropped, truncates the file if it has no name
/// left.
pub(super) struct UnlinkGuard(File);

impl UnlinkGuard {
    /// Opens the regular file at a resolved path. Returns `None` if it cannot be written. Blocks.
    #[cfg(unix)]
    pub(super) fn open(entry: &ResolvedPath) -> Option<Self> {
        use rustix::fs::{Mode, OFlags, openat};

        use super::resolution::EntryKind;

        if entry.kind != Some(EntryKind::File) {
            return None;
        }
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&entry.directory, entry.name.as_str(), flags, Mode::empty())
            .map(File::from)
            .ok()?;
        file.metadata()
            .is_ok_and(|metadata| metadata.is_file())
            .then_some(Self(file))
    }

    /// Returns `None`, because this system has no quotas.
    #[cfg(not(unix))]
    pub(super) fn open(_: &ResolvedPath) -> Option<Self> {
        None
    }
}

impl Drop for UnlinkGuard {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            if self
                .0
                .metadata()
                .is_ok_and(|metadata| metadata.nlink() == 0)
            {
                // A file that cannot be truncated cannot grow either.
                let _ = self.0.set_len(0);
            }
        }
    }
}
