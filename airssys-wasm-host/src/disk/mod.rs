//! File operations: atomic replacement, directories private to the user, and checksums.

mod checksum;
mod private;
mod replace;

use std::io;
use std::path::Path;

pub(crate) use checksum::{checksum_bytes, checksum_file};
pub(crate) use private::open_private;
pub(crate) use replace::{
    remove_if_exists, remove_leftovers, rename, replace, replace_unsynced, sync_folder,
};

/// Adds the path to an error.
pub(crate) fn with_path(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("`{}`: {error}", path.display()))
}
