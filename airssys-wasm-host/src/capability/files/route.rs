//! A path that is to be resolved, and what it leads to or why it does not.
//!
//! Tests: `resolve`.

use std::fs::File;
use std::io;
use std::sync::Arc;

use airssys_wasm_core::policy::{Special, SpecialType};

/// A path to resolve.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) start: Arc<File>,
    /// Relative to it.
    pub(super) path: String,
    pub(super) links: Links,
    /// Special properties of files that a permit was asked for.
    pub(super) admitted: Special,
}

/// Policy for links on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// They are followed, the last name as well.
    Followed,
    /// They are followed, except for the last name.
    FollowedToLast,
    /// None is followed: grants differ by name.
    Refused,
}

/// Where an operation is done.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) directory: Arc<File>,
    /// One name, or `.` for the directory itself.
    pub(super) name: String,
    /// What lies there; none for nothing.
    pub(super) found: Option<EntryKind>,
    /// Whether the path says that it is a directory.
    pub(super) is_directory: bool,
    /// The device of its directory; 0 where devices are not compared.
    pub(super) device: u64,
}

/// The kind of an entry in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// A directory.
    Directory,
    /// An ordinary file.
    File,
    /// A link, which is not followed.
    Link,
    /// Anything else.
    Special(SpecialType),
}

/// Why a path is not resolved to its end.
#[derive(Debug)]
pub(super) enum Stopped {
    /// At a link where none is followed.
    AtALink,
    /// It would leave the directory.
    Outside,
    /// At something special that was not asked about; with what was.
    AtSpecial(Special),
    /// For what the system says.
    At(io::Error),
}
