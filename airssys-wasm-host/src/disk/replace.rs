//! Atomic replacement of files.
//!
//! Tests: in this file, `tests/suite/capabilities/grants_file.rs`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The prefix of the names of temporary files.
const TEMPORARY_PREFIX: &str = ".aside-";

/// Writes a temporary file, syncs it and renames it to `path`. After a crash the file has either
/// the old or the new contents.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_temporary(path, |aside| {
        let mut file = File::create(aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        rename(aside, path)
    })
}

/// Replaces a file without syncing, for contents that may be lost or damaged by a crash.
pub(crate) fn replace_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_temporary(path, |aside| {
        fs::write(aside, bytes)?;
        fs::rename(aside, path)
    })
}

fn write_temporary(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let aside = temporary_path(path)?;
    let outcome = write(&aside);
    if outcome.is_err() {
        // A remaining temporary file is harmless.
        let _ = fs::remove_file(&aside);
    }
    outcome
}

/// Renames a synced file. The new name survives a crash once this returns.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(parent_folder(to))
}

/// Removes a file if it exists.
pub(crate) fn remove_if_exists(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes the temporary files of interrupted writers. Must not run while a file is being written.
pub(crate) fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(TEMPORARY_PREFIX)
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn temporary_path(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or(io::ErrorKind::InvalidInput)?
        .to_string_lossy();
    // Concurrent writes come from different threads.
    let writer = format!("{}-{:?}", std::process::id(), std::thread::current().id());
    Ok(parent_folder(path).join(format!("{TEMPORARY_PREFIX}{writer}-{name}")))
}

fn parent_folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Syncs the names in a folder to disk.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_write_leaves_the_old_file_and_no_temporary_file() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("file");
        replace(&path, b"old").expect("written");
        fs::create_dir(place.path().join("taken")).expect("made");
        replace(&place.path().join("taken"), b"new").expect_err("a directory has the name");
        assert_eq!(fs::read(&path).expect("there"), b"old");
        assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 2);
    }

    #[test]
    fn only_leftovers_are_removed() {
        let place = tempfile::tempdir().expect("a directory");
        replace(&place.path().join("file"), b"old").expect("written");
        fs::write(place.path().join(".aside-1-1-file"), b"ne").expect("written");
        remove_leftovers(place.path()).expect("removed");
        let left: Vec<_> = fs::read_dir(place.path())
            .expect("readable")
            .flatten()
            .collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].file_name(), "file");
    }
}
