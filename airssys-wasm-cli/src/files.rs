//! Reads files given by the user: as bytes, as text, or as TOML.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use airssys_wasm_core::bounds::{COMPONENT_BYTES_MAX, DEFINITION_BYTES_MAX};
use serde::de::DeserializeOwned;

use crate::api::{Problem, kinds};

/// Reads the bytes of a component file.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    read_at_most(path, COMPONENT_BYTES_MAX)
}

/// Reads a text file.
pub(crate) fn read_text(path: &Path) -> Result<String, Problem> {
    let not_text = |error| {
        Problem::from_file_error(
            "read",
            path,
            std::io::Error::new(ErrorKind::InvalidData, error),
        )
    };
    String::from_utf8(read_at_most(path, DEFINITION_BYTES_MAX)?).map_err(not_text)
}

fn read_at_most(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let read = std::fs::File::open(path).and_then(|file| {
        let mut bytes = Vec::with_capacity(
            usize::try_from(file.metadata()?.len())
                .unwrap_or(0)
                .min(bytes_max),
        );
        file.take(bytes_max as u64 + 1)
            .read_to_end(&mut bytes)
            .map(|_| bytes)
    });
    let bytes = read.map_err(|error| Problem::from_file_error("read", path, error))?;
    if bytes.len() <= bytes_max {
        return Ok(bytes);
    }
    let message = format!(
        "`{}` is larger than the limit of {bytes_max} bytes",
        path.display()
    );
    Err(Problem::new(kinds::USAGE, message))
}

/// Reads and parses a TOML file.
///
/// # Errors
///
/// Fails if the file cannot be read or parsed; parse errors have a line and a column.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, Problem> {
    parse_toml(&read_text(path)?, path)
}

/// Parses TOML text that was read from `path`, which error messages name.
pub(crate) fn parse_toml<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, Problem> {
    toml::from_str(text)
        .map_err(|error| Problem::new(kinds::USAGE, format!("`{}`: {error}", path.display())))
}
