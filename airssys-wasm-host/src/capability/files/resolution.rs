//! A path to resolve, and the result: a directory and a name in it, or the reason that resolution
//! stopped.
//!
//! Tests: `airssys-wasm-host/src/capability/files/resolve.rs`.

use std::fs::File;
use std::io;
use std::sync::Arc;

use airssys_wasm_core::policy::{SpecialFile, SpecialFileType};

/// A path to resolve.
#[derive(Clone, Debug)]
pub(super) struct UnresolvedPath {
    pub(super) start: Arc<File>,
    /// The path, relative to `start`.
    pub(super) path: String,
    pub(super) symlinks: SymlinkPolicy,
    /// The special properties of files that a permit covers.
    pub(super) admitted: SpecialFile,
}

/// The policy for symbolic links in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SymlinkPolicy {
    /// Symbolic links are followed, the last name included.
    Followed,
    /// Symbolic links are followed, except for the last name.
    FollowedExceptLast,
    /// No symbolic link is followed, because grants differ by path.
    Refused,
}

/// A resolved path: a directory, and a name in it.
#[derive(Clone, Debug)]
pub(super) struct ResolvedPath {
    pub(super) directory: Arc<File>,
    /// A single name, or `.` for the directory itself.
    pub(super) name: String,
    /// The kind of the entry; `None` if it does not exist.
    pub(super) kind: Option<EntryKind>,
    pub(super) form: PathForm,
    /// The device of its directory; 0 where devices are not compared.
    pub(super) device: u64,
}

/// The form in which a path is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathForm {
    /// Ends with a name, and may lead to any kind of entry.
    Entry,
    /// Ends with a slash, `.` or `..`, and leads to a directory.
    Directory,
}

impl PathForm {
    pub(super) fn from_path(path: &str) -> Self {
        match path.rsplit('/').next() {
            Some("" | "." | "..") => Self::Directory,
            _ => Self::Entry,
        }
    }
}

/// The kind of an entry in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link, not followed.
    Symlink,
    /// Anything else.
    Special(SpecialFileType),
}

/// The reason that a path was not resolved to its end.
#[derive(Debug)]
pub(super) enum ResolveError {
    /// A symbolic link, where none may be followed.
    Symlink,
    /// Symbolic links were to be followed, and no longer may be: the path must be resolved again.
    PolicyChanged,
    /// The path leaves the directory.
    Outside,
    /// A special file or file system that no permit covers yet; holds all special properties of the
    /// path so far.
    Special(SpecialFile),
    /// An error of the system.
    Io(io::Error),
}
