//! A component as it is given: a file, or the name of what is published.

use std::path::Path;

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
}
