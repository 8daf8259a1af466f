//! Limits the number of bytes in a directory.
//!
//! A write is charged before anything is written. Removing a file does not free its bytes at once:
//! the directory is measured again when nothing is left. A file that was removed while open can no
//! longer grow, so that no bytes exist outside the measured directory.
//! Tests: in this file, `tests/suite/capabilities/files.rs`.

use std::fs::File;

use airssys_wasm_core::Rule;
use parking_lot::Mutex;

/// The largest depth that is measured; a directory with deeper ones counts as full.
const DEPTH_MAX: usize = 64;

/// The quota of one rule, shared by all instances of a revision.
pub(crate) struct Quota {
    pub(super) rule: Rule,
    directory: File,
    bytes_max: u64,
    usage: Mutex<QuotaUsage>,
}

#[derive(Default)]
struct QuotaUsage {
    /// An upper bound of the bytes in the directory; `None` before the first measurement.
    used: Option<u64>,
    /// The total number of bytes ever charged.
    charged: u64,
}

impl Quota {
    pub(super) fn new(rule: Rule, directory: File, bytes_max: u64) -> Self {
        Self {
            rule,
            directory,
            bytes_max,
            usage: Mutex::default(),
        }
    }

    /// Charges `bytes`, going by the last measurement. Returns `false` if they exceed the quota, or
    /// if nothing was measured yet.
    pub(super) fn charge(&self, bytes: u64) -> bool {
        let mut usage = self.usage.lock();
        let sum = usage
            .used
            .and_then(|used| used.checked_add(bytes))
            .filter(|sum| *sum <= self.bytes_max);
        if sum.is_some() {
            usage.used = sum;
            usage.charged = usage.charged.saturating_add(bytes);
        }
        sum.is_some()
    }

    /// Returns the number of bytes left, going by the last measurement.
    pub(super) fn left(&self) -> u64 {
        self.usage
            .lock()
            .used
            .map_or(0, |used| self.bytes_max.saturating_sub(used))
    }

    /// Measures the directory. Blocks, without holding the lock: bytes charged meanwhile are added,
    /// as if the measurement had missed them.
    pub(super) fn measure(&self) {
        let before = self.usage.lock().charged;
        let measured = measure(&self.directory, DEPTH_MAX);
        let mut usage = self.usage.lock();
        usage.used = Some(measured.saturating_add(usage.charged - before));
    }
}

/// Returns the size of all files in a directory. A directory that cannot be read counts as
/// [`u64::MAX`].
#[cfg(unix)]
fn measure(directory: &File, depth: usize) -> u64 {
    use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};

    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    let Ok(entries) = Dir::read_from(directory) else {
        return u64::MAX;
    };
    let size = |entry: rustix::io::Result<rustix::fs::DirEntry>| {
        let Ok(entry) = entry else { return u64::MAX };
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            return 0;
        }
        // An entry that no longer exists takes no space.
        let Ok(stat) = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) else {
            return 0;
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory if depth == 0 => u64::MAX,
            FileType::Directory => openat(directory, name, flags, Mode::empty())
                .map_or(0, |directory| measure(&directory.into(), depth - 1)),
            _ => u64::try_from(stat.st_size).unwrap_or(u64::MAX),
        }
    };
    entries.map(size).fold(0, u64::saturating_add)
}

/// Returns [`u64::MAX`], because this system has no quotas.
#[cfg(not(unix))]
fn measure(_: &File, _: usize) -> u64 {
    u64::MAX
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_free_again_after_a_removal() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        std::fs::create_dir(folder.path().join("below")).expect("a folder");
        std::fs::write(folder.path().join("below/b"), [0; 10]).expect("written");
        std::fs::write(&file, [0; 50]).expect("written");
        let rule: Rule = "file-write /cache max=100B".parse().expect("a rule");
        let quota = Quota::new(rule, File::open(folder.path()).expect("opened"), 100);
        assert!(!quota.charge(1), "nothing is measured yet");
        quota.measure();
        assert!(quota.charge(40) && !quota.charge(1));
        std::fs::remove_file(&file).expect("removed");
        quota.measure();
        assert_eq!(quota.left(), 90);
        assert!(!quota.charge(91) && !quota.charge(u64::MAX));
    }
}
