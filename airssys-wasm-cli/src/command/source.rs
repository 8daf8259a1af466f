//! The component argument of commands: a file, or a published component.

use std::path::Path;

/// The source of a component.
pub(super) enum ComponentSource<'a> {
    File(&'a Path),
    Published(&'a str),
}

impl<'a> ComponentSource<'a> {
    /// Parses an argument. Text that contains a `/` or ends in `.wasm` is a file.
    pub(super) fn parse(text: &'a str) -> Self {
        if text.contains('/') || text.ends_with(".wasm") {
            Self::File(Path::new(text))
        } else {
            Self::Published(text)
        }
    }
}
