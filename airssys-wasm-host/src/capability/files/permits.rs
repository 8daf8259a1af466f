//! The permits of an open descriptor, by use.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/revoke.rs`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use airssys_wasm_core::policy::{FileAccess, Operation};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, OpenFlags};

use super::file_context::FileContext;
use super::path::GuestPath;
use crate::capability::{Authority, Permit};

/// The permits given at open; `None` for uses that were not requested.
#[derive(Clone, Debug, Default)]
pub(super) struct FilePermits {
    /// The permit to read the file, or to list the whole directory.
    pub(super) read: Option<Permit>,
    /// The permit to write anywhere in the file.
    write: Option<Permit>,
    /// The permit to write at the end of the file.
    append: Option<Permit>,
    /// The permit to read metadata, or to list the entries that may be seen.
    metadata: Option<Permit>,
}

/// A use of an open descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileUse {
    /// Reading the metadata, or an operation without effect. Any permit includes it.
    Metadata,
    /// Reading a file.
    Read,
    /// Writing anywhere in a file.
    Write,
    /// Writing at the end of a file.
    Append,
    /// Listing a directory.
    List,
}

impl FileUse {
    /// Returns the access that is recorded if the descriptor was not opened for this use.
    pub(super) fn access(self) -> FileAccess {
        match self {
            Self::Metadata => FileAccess::Stat,
            Self::Read | Self::List => FileAccess::Read,
            Self::Write => FileAccess::Write,
            Self::Append => FileAccess::Append,
        }
    }
}

impl FilePermits {
    /// Asks for the uses that are requested at open, as far as they are allowed.
    pub(super) fn ask(
        context: FileContext<'_>,
        path: &GuestPath,
        flags: DescriptorFlags,
        open_flags: OpenFlags,
    ) -> FsResult<Self> {
        let truncates = open_flags.contains(OpenFlags::TRUNCATE);
        let writes = flags.contains(DescriptorFlags::WRITE)
            || open_flags.contains(OpenFlags::CREATE)
            || truncates;
        let mut permits = Self::default();
        if truncates {
            permits.set_write(context.ask(FileAccess::Write, path)?);
        } else if writes {
            permits.ask_to_write(context, path)?;
        }
        if flags.contains(DescriptorFlags::READ) {
            permits.read = context.ask_unless_denied(FileAccess::Read, path);
            if permits.read.is_none() && !writes && context.would_allow(FileAccess::Traverse, path)
            {
                permits.metadata = Some(context.ask(FileAccess::Traverse, path)?);
            } else if permits.read.is_none() {
                permits.read = Some(context.ask(FileAccess::Read, path)?);
            }
        } else if !writes {
            permits.metadata = match context.ask_unless_denied(FileAccess::Stat, path) {
                Some(permit) => Some(permit),
                None => Some(context.ask(FileAccess::Traverse, path)?),
            };
        }
        Ok(permits)
    }

    /// Asks for writing anywhere, or at least at the end.
    fn ask_to_write(&mut self, context: FileContext<'_>, path: &GuestPath) -> FsResult<()> {
        match context.ask_unless_denied(FileAccess::Write, path) {
            Some(permit) => self.set_write(permit),
            None if context.would_allow(FileAccess::Append, path) => {
                self.append = Some(context.ask(FileAccess::Append, path)?);
            }
            None => self.set_write(context.ask(FileAccess::Write, path)?),
        }
        Ok(())
    }

    fn set_write(&mut self, permit: Permit) {
        self.append = Some(permit.clone());
        self.write = Some(permit);
    }

    /// Returns the permits for a directory that the guest receives without opening it. Each use is
    /// recorded when it occurs.
    pub(super) fn unrecorded(context: FileContext<'_>, path: &GuestPath) -> Self {
        let permit = |access| context.authority.permit_unrecorded(path.operation(access));
        Self {
            read: permit(FileAccess::Read),
            metadata: permit(FileAccess::Traverse),
            ..Self::default()
        }
    }

    /// Marks the permits as those of a file that symbolic links may have led to.
    pub(super) fn through_symlinks(self, is_fine_grained: &Arc<AtomicBool>) -> Self {
        let mark =
            |permit: Option<Permit>| permit.map(|permit| permit.through_symlinks(is_fine_grained));
        let Self {
            read,
            write,
            append,
            metadata,
        } = self;
        Self {
            read: mark(read),
            write: mark(write),
            append: mark(append),
            metadata: mark(metadata),
        }
    }

    /// Returns the permits of which one suffices for a use.
    pub(super) fn permits_mut(&mut self, file_use: FileUse) -> impl Iterator<Item = &mut Permit> {
        let Self {
            read,
            write,
            append,
            metadata,
        } = self;
        let suffice = match file_use {
            FileUse::Metadata => [read, write, append, metadata].map(Option::as_mut),
            FileUse::Read => [read.as_mut(), None, None, None],
            FileUse::Write => [write.as_mut(), None, None, None],
            FileUse::Append => [append.as_mut(), None, None, None],
            FileUse::List => [read.as_mut().or(metadata.as_mut()), None, None, None],
        };
        suffice.into_iter().flatten()
    }

    /// Returns `true` if any of the permits still holds. Records nothing.
    pub(super) fn still_hold(&mut self, authority: &Authority) -> bool {
        self.permits_mut(FileUse::Metadata)
            .any(|permit| authority.renew(permit).is_ok())
    }

    /// Returns all permits.
    pub(super) fn to_vec(&self) -> Vec<Permit> {
        let all = [&self.read, &self.write, &self.append, &self.metadata];
        all.into_iter().flatten().cloned().collect()
    }

    /// Returns `true` if the permits allow nothing but walking through a directory.
    pub(super) fn is_walk_only(&self) -> bool {
        self.metadata.as_ref().is_some_and(|permit| {
            matches!(
                permit.operation(),
                Operation::File {
                    access: FileAccess::Traverse,
                    ..
                } | Operation::SpecialFile {
                    access: FileAccess::Traverse,
                    ..
                }
            )
        })
    }
}
