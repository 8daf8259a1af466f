//! Paths of a guest, as names below `/`.
//!
//! Handles text only and accesses no file system.
//! Tests: in this file.

use airssys_wasm_core::policy::{FileAccess, Operation, SpecialFile};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// The longest path in bytes, as on Linux.
const PATH_BYTES_MAX: usize = 4096;

/// A path in canonical form: absolute, names separated by single slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GuestPath {
    text: String,
    /// `true` if the path was written as that of a directory.
    pub(super) is_directory: bool,
    /// The special properties of the file at this path, as far as they are known.
    pub(super) special: SpecialFile,
}

impl GuestPath {
    /// Creates the path of a root. `text` must be in canonical form.
    pub(super) fn root(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            is_directory: true,
            special: SpecialFile::default(),
        }
    }

    /// Replaces the special properties.
    pub(super) fn with_special(self, special: SpecialFile) -> Self {
        Self { special, ..self }
    }

    /// Returns the special properties of every path in this directory: those of its file systems.
    fn special_within(&self) -> SpecialFile {
        SpecialFile {
            file_systems: self.special.file_systems.clone(),
            file_type: None,
        }
    }

    /// Resolves `written`, relative to this directory.
    pub(super) fn join(&self, written: &str) -> Result<Self, ErrorCode> {
        if written.is_empty() {
            return Err(ErrorCode::NoEntry);
        }
        if written.starts_with('/') {
            return Err(ErrorCode::NotPermitted);
        }
        if written.contains('\0') {
            return Err(ErrorCode::Invalid);
        }
        if self.text.len() + written.len() > PATH_BYTES_MAX {
            return Err(ErrorCode::NameTooLong);
        }
        let mut text = String::with_capacity(self.text.len() + 1 + written.len());
        text.push_str(self.text.trim_end_matches('/'));
        for name in written.split('/') {
            match name {
                "" | "." => {}
                // Nothing exists above `/`.
                ".." => text.truncate(text.rfind('/').ok_or(ErrorCode::NotPermitted)?),
                name => text.extend(["/", name]),
            }
        }
        let is_directory = matches!(written.rsplit('/').next(), Some("" | "." | ".."));
        Ok(Self {
            text,
            is_directory,
            special: self.special_within(),
        })
    }

    /// Returns the path of an entry of this directory.
    pub(super) fn entry(&self, name: &str) -> Self {
        let text = format!("{}/{name}", self.text);
        Self {
            text,
            is_directory: false,
            special: self.special_within(),
        }
    }

    /// Returns the text, in the form that operations use.
    pub(super) fn as_str(&self) -> &str {
        if self.text.is_empty() {
            "/"
        } else {
            &self.text
        }
    }

    /// Returns the operation for an access to this path.
    pub(super) fn operation(&self, access: FileAccess) -> Operation {
        let path = self.as_str().to_owned();
        match self.special.is_empty() {
            true => Operation::File { access, path },
            false => Operation::SpecialFile {
                access,
                path,
                special: self.special.clone(),
            },
        }
    }

    /// Returns the names in the path, from `/` downwards.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.text.split('/').filter(|name| !name.is_empty())
    }

    /// Returns the names below `root`, or `None` if the path is not inside it.
    pub(super) fn below(&self, root: &Self) -> Option<Vec<String>> {
        let mut names = self.names();
        for expected in root.names() {
            if names.next() != Some(expected) {
                return None;
            }
        }
        Some(names.map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(base: &str, written: &str) -> Result<String, ErrorCode> {
        GuestPath::root(base)
            .join(written)
            .map(|path| path.as_str().to_owned())
    }

    #[test]
    fn normalizes_dots_and_slashes() {
        for (base, written, expected) in [
            ("/data", "a", "/data/a"),
            ("/data", "./a//b/", "/data/a/b"),
            ("/data", "a/../b", "/data/b"),
            ("/data", "../etc", "/etc"),
            ("/data/x", ".", "/data/x"),
            ("", "a", "/a"),
            ("/data", "..", "/"),
            ("/data", "%2e%2e/a\\b", "/data/%2e%2e/a\\b"),
        ] {
            assert_eq!(
                join(base, written).as_deref(),
                Ok(expected),
                "{base} {written}"
            );
        }
    }

    #[test]
    fn refuses_paths_that_are_not_relative() {
        for written in ["", "/etc/passwd", "a\0b", "../../..", &"a/".repeat(3_000)] {
            assert!(join("/data", written).is_err(), "{written:?}");
        }
    }

    #[test]
    fn is_below_by_whole_names() {
        let root = GuestPath::root("/data");
        assert_eq!(
            GuestPath::root("/data/a/b").below(&root),
            Some(vec!["a".into(), "b".into()])
        );
        assert_eq!(GuestPath::root("/database").below(&root), None);
        assert_eq!(GuestPath::root("/data").below(&root), Some(vec![]));
    }
}
