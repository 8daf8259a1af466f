//! File operations: atomic replacement, directories private to the user, and checksums.

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

/// Adds the path to an error.
pub(crate) fn about(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("`{}`: {error}", path.display()))
}
