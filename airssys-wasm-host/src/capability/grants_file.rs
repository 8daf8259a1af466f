//! Grants in a file: written whole or not at all, and read whole or refused.
//!
//! Tests: the workspace's `tests/suite/capabilities/grants_file`, which kills the writer.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use airssys_wasm_core::bounds::GRANTS_BYTES_MAX;
use airssys_wasm_core::policy::Grants;

use crate::disk::replace;
use crate::{Error, ErrorKind, Result};

/// Reads grants from a TOML file. A file that cannot be read in full grants nothing: it is
/// an error.
///
/// # Errors
///
/// [`ErrorKind::Io`] if there is no such file, [`ErrorKind::InvalidGrant`] with line and
/// column if it does not say what is granted.
pub fn read_grants(path: impl AsRef<Path>) -> Result<Grants> {
    let path = path.as_ref();
    let mut text = String::new();
    // One byte more than may be there tells that there are too many.
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

/// Writes grants to a TOML file. Whatever happens meanwhile, the file holds the old grants
/// or the new ones, and never a part of either.
///
/// # Errors
///
/// [`ErrorKind::Io`]; the old file is there as it was.
pub fn write_grants(path: impl AsRef<Path>, grants: &Grants) -> Result<()> {
    let path = path.as_ref();
    replace(path, grants.to_toml().as_bytes()).map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot write `{}`", path.display())).with_source(error)
    })
}
