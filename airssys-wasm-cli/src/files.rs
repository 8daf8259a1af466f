//! Files as they are given: their bytes, their text, what a TOML file says.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::api::{Problem, kinds};

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| Problem::of_file("read", path, error))
}

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path).map_err(|error| Problem::of_file("read", path, error))
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
    toml::from_str(text).map_err(|error| Problem::new(kinds::USAGE, format!("`{}`: {error}", path.display())))
}
