//! A component's file, as it is given.

use std::path::Path;

use crate::api::{Problem, kinds};

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| {
        Problem::new(kinds::FILE, format!("cannot read `{}`", path.display())).because(error)
    })
}
