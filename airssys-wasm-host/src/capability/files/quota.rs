//! How many bytes may lie in a directory.
//!
//! What a write adds is taken from what is left before anything is written. Removing
//! gives nothing back by itself: when nothing is left the directory is measured anew. A
//! file that was removed and is still open can grow no more, so that nothing lies where
//! it is not measured.
//! Tests: below, and the workspace's `tests/suite/capabilities/files`.

use std::path::{Path, PathBuf};

use airssys_wasm_core::Rule;
use parking_lot::Mutex;

/// How deep directories are measured: deeper ones cannot be made under a quota.
const DEPTH_MAX: usize = 64;

/// The quota of one rule, shared by all instances of a revision.
pub(crate) struct Quota {
    pub(super) rule: Rule,
    directory: PathBuf,
    bytes_max: u64,
    /// Bytes that lie there at most; none before they were measured.
    used: Mutex<Option<u64>>,
}

impl Quota {
    pub(super) fn new(rule: Rule, directory: PathBuf, bytes_max: u64) -> Self {
        Self { rule, directory, bytes_max, used: Mutex::new(None) }
    }

    /// Takes room for so many bytes more, as far as is known without looking.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let mut used = self.used.lock();
        let sum = used.and_then(|used| used.checked_add(bytes)).filter(|sum| *sum <= self.bytes_max);
        if sum.is_some() {
            *used = sum;
        }
        sum.is_some()
    }

    /// Bytes that are left, as far as is known without looking.
    pub(super) fn left(&self) -> u64 {
        self.used.lock().map_or(0, |used| self.bytes_max.saturating_sub(used))
    }

    /// Looks how much lies there. Blocks.
    pub(super) fn measure(&self) {
        let mut used = self.used.lock();
        *used = Some(measure(&self.directory, DEPTH_MAX));
    }
}

/// The bytes of all files in a directory. What cannot be looked at counts as too much.
fn measure(directory: &Path, depth: usize) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return u64::MAX };
    let size = |entry: std::io::Result<std::fs::DirEntry>| {
        let Ok(entry) = entry else { return u64::MAX };
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() && depth == 0 => u64::MAX,
            Ok(metadata) if metadata.is_dir() => measure(&entry.path(), depth - 1),
            Ok(metadata) => metadata.len(),
            // Removed in the meantime.
            Err(_) => 0,
        }
    };
    entries.map(size).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back_once_something_was_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        std::fs::write(&file, [0; 60]).expect("written");
        let rule: Rule = "file-write /cache max=100B".parse().expect("a rule");
        let quota = Quota::new(rule, folder.path().into(), 100);
        assert!(!quota.take(1), "nothing is known yet");
        quota.measure();
        assert!(quota.take(40) && !quota.take(1));
        std::fs::remove_file(&file).expect("removed");
        quota.measure();
        assert_eq!(quota.left(), 100);
        assert!(!quota.take(101) && !quota.take(u64::MAX));
    }
}
