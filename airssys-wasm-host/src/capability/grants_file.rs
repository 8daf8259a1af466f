//! Grants in a file: written in one step, and read in full or rejected.
//!
//! Tests: `tests/suite/capabilities/grants_file.rs`.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use airssys_wasm_core::bounds::GRANTS_BYTES_MAX;
use airssys_wasm_core::policy::Grants;

use crate::disk::replace;
use crate::{Error, ErrorKind, Result};

/// Reads grants from a TOML file. A file that cannot be read in full grants nothing; it is an
/// error. Blocks while the file is read.
///
/// # Errors
///
/// [`ErrorKind::Io`] if the file cannot be read, or [`ErrorKind::InvalidGrant`] with line and
/// column if its contents are not valid grants.
pub fn read_grants(path: impl AsRef<Path>) -> Result<Grants> {
    let path = path.as_ref();
    let mut text = String::new();
    // One byte more than the limit, so that a longer file is detected.
    let bytes_max = GRANTS_BYTES_MAX as u64 + 1;
    fs::File::open(path)
        .and_then(|file| file.take(bytes_max).read_to_string(&mut text))
        .map_err(|error| {
            Error::new(ErrorKind::Io, format!("cannot read `{}`", path.display()))
                .with_source(error)
        })?;
    Grants::from_toml(&text).map_err(|error| {
        Error::new(
            ErrorKind::InvalidGrant,
            format!("`{}`: {error}", path.display()),
        )
        .with_source(error)
    })
}

/// Writes grants to a TOML file in one step: even after a crash, the file holds either the old
/// grants or the new ones in full. Blocks while the file is written.
///
/// # Errors
///
/// [`ErrorKind::Io`]; the old file is then unchanged.
pub fn write_grants(path: impl AsRef<Path>, grants: &Grants) -> Result<()> {
    let path = path.as_ref();
    replace(path, grants.to_toml().as_bytes()).map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot write `{}`", path.display())).with_source(error)
    })
}
