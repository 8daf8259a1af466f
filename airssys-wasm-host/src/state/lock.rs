//! The lock that gives a state directory to one process at a time.
//!
//! The lock is one of the operating system on an open file, which ends with the process in any case.
//!
//! Tests: in this file, `tests/suite/state`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::disk::with_path;
use crate::{Error, ErrorClass, Result};

/// The lock of a state directory; dropping it releases the directory.
#[derive(Debug)]
pub(super) struct StateLock(
    #[expect(dead_code, reason = "it is locked as long as it is open")] File,
);

impl StateLock {
    /// Locks the directory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateUnavailable`](crate::ErrorKind::StateUnavailable), with the process that holds it if one does.
    pub(super) fn acquire(directory: &Path) -> Result<Self> {
        let path = directory.join("lock");
        let unavailable = |error: io::Error| super::unavailable(&with_path(&path, &error));
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(unavailable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held_error(directory, &mut file)),
            Err(TryLockError::Error(error)) => return Err(unavailable(error)),
        }
        write_holder(&mut file).map_err(unavailable)?;
        Ok(Self(file))
    }
}

/// Writes the name of this process into the lock file.
fn write_holder(file: &mut File) -> io::Result<()> {
    let program = std::env::current_exe().ok();
    let program = program
        .as_deref()
        .and_then(Path::file_name)
        .unwrap_or_default();
    file.set_len(0)?;
    writeln!(
        file,
        "process {} ({})",
        std::process::id(),
        program.display()
    )
}

fn held_error(directory: &Path, file: &mut File) -> Error {
    let mut holder = String::new();
    // A process that has just taken the lock may not have written its name yet.
    let read = file
        .rewind()
        .and_then(|()| file.read_to_string(&mut holder));
    let holder = match (read, holder.trim()) {
        (Ok(_), holder) if !holder.is_empty() => holder,
        _ => "another process",
    };
    let message = format!(
        "the state directory `{}` is held by {holder}; stop that process, or use another directory",
        directory.display()
    );
    Error::new(ErrorClass::STATE_HELD, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_process_learns_the_holder() {
        let place = tempfile::tempdir().expect("a directory");
        let first = StateLock::acquire(place.path()).expect("free");
        let error = StateLock::acquire(place.path()).expect_err("taken");
        assert_eq!(error.code(), "state-held");
        let holder = format!("held by process {} (", std::process::id());
        assert!(error.to_string().contains(&holder), "{error}");
        drop(first);
        StateLock::acquire(place.path()).expect("free again");
    }
}
