//! Files that are there whole or not at all, directories that are nobody else's, and what
//! finds damage.
//!
//! Knows nothing of what is in them. Tests: beside each file, and those who use it.

mod checksum;
mod private;
mod replace;

use std::io;
use std::path::Path;

pub(crate) use checksum::{of_bytes, of_file};
pub(crate) use private::open_private;
pub(crate) use replace::{
    remove_if_there, remove_leftovers, rename, replace, replace_unsynced, sync_folder,
};

/// The same error, with the path that it is about.
pub(crate) fn about(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("`{}`: {error}", path.display()))
}
