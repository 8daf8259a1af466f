//! How many bytes may lie in a directory.
//!
//! What a write adds is taken from what is left before anything is written. Removing
//! gives nothing back by itself: when nothing is left the directory is measured anew. A
//! file that was removed and is still open can grow no more, so that nothing lies where
//! it is not measured.
//! Tests: below, and the workspace's `tests/suite/capabilities/files`.

use std::fs::File;

use airssys_wasm_core::Rule;
use parking_lot::Mutex;

/// How deep directories are measured: with deeper ones in it, a directory is full.
const DEPTH_MAX: usize = 64;

/// The quota of one rule, shared by all instances of a revision.
pub(crate) struct Quota {
    pub(super) rule: Rule,
    directory: File,
    bytes_max: u64,
    room: Mutex<Room>,
}

#[derive(Default)]
struct Room {
    /// Bytes that lie there at most; none before they were measured.
    used: Option<u64>,
    /// Everything that was ever taken.
    taken: u64,
}

impl Quota {
    pub(super) fn new(rule: Rule, directory: File, bytes_max: u64) -> Self {
        Self {
            rule,
            directory,
            bytes_max,
            room: Mutex::default(),
        }
    }

    /// Takes room for so many bytes more, as far as is known without looking.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let mut room = self.room.lock();
        let sum = room
            .used
            .and_then(|used| used.checked_add(bytes))
            .filter(|sum| *sum <= self.bytes_max);
        if sum.is_some() {
            room.used = sum;
            room.taken = room.taken.saturating_add(bytes);
        }
        sum.is_some()
    }

    /// Bytes that are left, as far as is known without looking.
    pub(super) fn left(&self) -> u64 {
        self.room
            .lock()
            .used
            .map_or(0, |used| self.bytes_max.saturating_sub(used))
    }

    /// Looks how much lies there. Blocks, and nobody else while it does: what is taken
    /// meanwhile counts as not seen.
    pub(super) fn measure(&self) {
        let before = self.room.lock().taken;
        let found = measure(&self.directory, DEPTH_MAX);
        let mut room = self.room.lock();
        room.used = Some(found.saturating_add(room.taken - before));
    }
}

/// The bytes of all files in a directory. What cannot be looked at counts as too much.
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
        // What is gone by now takes no room.
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

/// Nothing is under a quota on this system.
#[cfg(not(unix))]
fn measure(_: &File, _: usize) -> u64 {
    u64::MAX
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back_once_something_was_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        std::fs::create_dir(folder.path().join("below")).expect("a folder");
        std::fs::write(folder.path().join("below/b"), [0; 10]).expect("written");
        std::fs::write(&file, [0; 50]).expect("written");
        let rule: Rule = "file-write /cache max=100B".parse().expect("a rule");
        let quota = Quota::new(rule, File::open(folder.path()).expect("opened"), 100);
        assert!(!quota.take(1), "nothing is known yet");
        quota.measure();
        assert!(quota.take(40) && !quota.take(1));
        std::fs::remove_file(&file).expect("removed");
        quota.measure();
        assert_eq!(quota.left(), 90);
        assert!(!quota.take(91) && !quota.take(u64::MAX));
    }
}
