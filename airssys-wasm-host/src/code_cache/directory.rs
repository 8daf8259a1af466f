//! The files of the code cache: `<key>.cwasm`, and `<key>.sum` with its checksum.
//!
//! Tests: in this file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{checksum_bytes, checksum_file, open_private, replace_unsynced, with_path};

/// The maximum size of an entry that is verified and mapped in about 200 microseconds.
const SMALL_BYTES: u64 = 1 << 20;

/// A directory that only this user can read or write.
pub(super) struct CacheDirectory(PathBuf);

impl CacheDirectory {
    /// Opens the directory, creating it if it does not exist.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        open_private(path)?;
        Ok(Self(path.to_owned()))
    }

    /// Returns `true` if an entry exists that loads in well under a millisecond.
    pub(super) fn has_small(&self, key: &str) -> bool {
        fs::metadata(self.paths(key).0).is_ok_and(|code| code.len() <= SMALL_BYTES)
    }

    /// Returns the path of an entry, or `None` if it does not exist. Fails if the entry is damaged.
    pub(super) fn find(&self, key: &str) -> io::Result<Option<PathBuf>> {
        let (code, sum) = self.paths(key);
        let expected = match fs::read_to_string(&sum) {
            Ok(expected) => expected,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(with_path(&sum, &error)),
        };
        if checksum_file(&code).map_err(|error| with_path(&code, &error))? != expected {
            return Err(with_path(&code, &"its checksum does not match"));
        }
        Ok(Some(code))
    }

    /// Writes an entry, the checksum last, so that damage by a crash is detected.
    pub(super) fn store(&self, key: &str, code: &[u8]) -> io::Result<()> {
        let (code_path, sum_path) = self.paths(key);
        let write = |path: &Path, bytes: &[u8]| {
            replace_unsynced(path, bytes).map_err(|error| with_path(path, &error))
        };
        write(&code_path, code)?;
        write(&sum_path, checksum_bytes(code).as_bytes())
    }

    fn paths(&self, key: &str) -> (PathBuf, PathBuf) {
        (
            self.0.join(format!("{key}.cwasm")),
            self.0.join(format!("{key}.sum")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_only_stored_entries() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = CacheDirectory::open(&place.path().join("code")).expect("made");
        assert_eq!(directory.find("a").expect("nothing there"), None);
        directory.store("a", b"code").expect("kept");
        let path = directory.find("a").expect("intact").expect("there");
        assert_eq!(fs::read(path).expect("readable"), b"code");
    }

    #[test]
    fn a_changed_cut_or_missing_file_is_an_error() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = CacheDirectory::open(&place.path().join("code")).expect("made");
        directory.store("a", b"code").expect("kept");
        let path = directory.find("a").expect("intact").expect("there");
        for damaged in [&b"cods"[..], b"cod", b""] {
            fs::write(&path, damaged).expect("damaged");
            assert!(directory.find("a").is_err(), "{damaged:?}");
        }
        fs::remove_file(&path).expect("removed");
        assert!(directory.find("a").is_err());
    }
}
