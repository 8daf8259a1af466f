//! Files as they are given: their bytes, their text, what a TOML file says.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use airssys_wasm_core::bounds::{COMPONENT_BYTES_MAX, DEFINITION_BYTES_MAX};
use serde::de::DeserializeOwned;

use crate::api::{Problem, kinds};

/// The bytes of a component's file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    read_at_most(path, COMPONENT_BYTES_MAX)
}

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String, Problem> {
    let not_text = |error| {
        Problem::of_file(
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
    let bytes = read.map_err(|error| Problem::of_file("read", path, error))?;
    if bytes.len() <= bytes_max {
        return Ok(bytes);
    }
    let message = format!(
        "`{}` has more than {bytes_max} bytes, and no more are read",
        path.display()
    );
    Err(Problem::new(kinds::USAGE, message))
}

/// What a TOML file says.
///
/// # Errors
///
/// What is wrong with it, with line and column.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, Problem> {
    parse_toml(&read_text(path)?, path)
}

/// The same of a text that was read from a file.
pub(crate) fn parse_toml<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, Problem> {
    toml::from_str(text)
        .map_err(|error| Problem::new(kinds::USAGE, format!("`{}`: {error}", path.display())))
}
