//! Paths on systems other than Unix: passed unchanged to wasmtime's own sandbox.
//!
//! These systems do not reveal the type of a file or its file system before it is opened, and have
//! no FIFOs in directories. Grants that forbid following symbolic links are refused at deploy.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use airssys_wasm_core::policy::FileSystemType;

use super::resolution::{
    EntryKind, PathForm, ResolveError, ResolvedPath, SymlinkPolicy, UnresolvedPath,
};

impl UnresolvedPath {
    /// Leaves the path to wasmtime; fails where symbolic links may not be followed.
    pub(super) fn resolve(&self) -> Result<ResolvedPath, ResolveError> {
        if self.symlinks == SymlinkPolicy::Refused {
            return Err(ResolveError::Io(io::ErrorKind::Unsupported.into()));
        }
        let (directory, name) = (Arc::clone(&self.start), self.path.clone());
        Ok(ResolvedPath {
            form: PathForm::from_path(&name),
            directory,
            name,
            kind: None,
            device: 0,
        })
    }
}

pub(super) fn entry_kind_at(path: &Path) -> Option<EntryKind> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(if metadata.is_dir() {
        EntryKind::Directory
    } else {
        EntryKind::File
    })
}

/// Opens a directory of the operator. Its file system is not determined.
pub(super) fn open_directory(path: &Path) -> io::Result<(File, Option<FileSystemType>)> {
    let file = File::open(path)?;
    match file.metadata()?.is_dir() {
        true => Ok((file, None)),
        false => Err(io::ErrorKind::NotADirectory.into()),
    }
}
