//! A component as it is given: a file, or the name of what is published.

use std::path::Path;

use crate::api::{Problem, kinds};

/// Where a component comes from.
pub(super) enum Source<'a> {
    File(&'a Path),
    Published(&'a str),
}

impl<'a> Source<'a> {
    /// What contains a `/` or ends in `.wasm` is a file.
    pub(super) fn of(text: &'a str) -> Self {
        if text.contains('/') || text.ends_with(".wasm") {
            Self::File(Path::new(text))
        } else {
            Self::Published(text)
        }
    }

    /// What is published.
    pub(super) fn package(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            Self::Published(package) => Some((*package).to_owned()),
        }
    }

    /// The bytes of a file.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, Problem> {
        match self {
            Self::File(path) => read(path).map(Some),
            Self::Published(_) => Ok(None),
        }
    }
}

/// The bytes of a file, if it can be read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| {
        Problem::new(kinds::FILE, format!("cannot read `{}`", path.display())).because(error)
    })
}

/// The text of a file, if it can be read.
pub(super) fn read_text(path: &Path) -> Result<String, Problem> {
    String::from_utf8(read(path)?)
        .map_err(|error| Problem::new(kinds::FILE, format!("`{}` is no text", path.display())).because(error))
}
