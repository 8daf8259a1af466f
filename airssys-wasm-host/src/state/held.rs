//! One process at a time has a state directory.
//!
//! The lock is the system's, on an open file: it ends with the process, however that ends.
//! Tests: below, and the workspace's `tests/suite/state`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::disk::about;
use crate::{Error, ErrorKind, Result};

/// A state directory that is this process's until this is dropped.
#[derive(Debug)]
pub(super) struct Held(#[expect(dead_code, reason = "it is locked as long as it is open")] File);

impl Held {
    /// Takes the directory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateHeld`] with who has it; [`ErrorKind::StateUnavailable`].
    pub(super) fn take(directory: &Path) -> Result<Self> {
        let path = directory.join("lock");
        let unavailable = |error: io::Error| super::unavailable(&about(&path, &error));
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(unavailable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(directory, &mut file)),
            Err(TryLockError::Error(error)) => return Err(unavailable(error)),
        }
        sign(&mut file).map_err(unavailable)?;
        Ok(Self(file))
    }
}

/// Says in the file who holds it.
fn sign(file: &mut File) -> io::Result<()> {
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

fn held(directory: &Path, file: &mut File) -> Error {
    let mut holder = String::new();
    // Whoever has just taken it may not have signed yet.
    let read = file
        .rewind()
        .and_then(|()| file.read_to_string(&mut holder));
    let holder = match (read, holder.trim()) {
        (Ok(_), holder) if !holder.is_empty() => holder,
        _ => "another process",
    };
    let message = format!(
        "the state directory `{}` is held by {holder}; end that, or say another directory",
        directory.display()
    );
    Error::new(ErrorKind::StateHeld, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_was_first() {
        let place = tempfile::tempdir().expect("a directory");
        let first = Held::take(place.path()).expect("free");
        let error = Held::take(place.path()).expect_err("taken");
        assert_eq!(error.kind(), ErrorKind::StateHeld);
        let holder = format!("held by process {} (", std::process::id());
        assert!(error.to_string().contains(&holder), "{error}");
        drop(first);
        Held::take(place.path()).expect("free again");
    }
}
