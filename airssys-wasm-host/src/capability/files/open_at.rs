//! Opens a file: inspects, opens and identifies it in one blocking operation.
//!
//! wasmtime's implementation has no hook between resolving a path and opening it, so its checks are
//! repeated here. The identity is read at once, because guests request it as soon as a file is open
//! (`fstat` of the C library does) and it never changes while the file is open.
//! Tests: `tests/suite/capabilities/files.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::FileAccess;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, HostDescriptor, MetadataHashValue, OpenFlags, PathFlags,
};

use super::descriptor::OpenDescriptor;
use super::permits::FilePermits;
use super::resolution::ResolveError;
use super::target::{PathTarget, PathWalk};
use super::wasi_filesystem::{WasiFilesystem, complete_now};
use crate::budget::BudgetLease;

/// The flags with which a guest opens a file.
#[derive(Clone, Copy)]
pub(super) struct GuestOpenFlags {
    pub(super) path: PathFlags,
    pub(super) open: OpenFlags,
    pub(super) descriptor: DescriptorFlags,
}

/// An operation that opens a file, which was allowed and recorded, and has a descriptor of the
/// budget.
#[must_use = "the file has not been opened yet"]
pub(super) struct OpenOperation<'a> {
    target: PathTarget<'a>,
    permits: FilePermits,
    lease: BudgetLease,
    flags: GuestOpenFlags,
}

/// A request to open a file, for a blocking thread.
struct OpenRequest {
    walk: PathWalk,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
}

impl<'a> PathTarget<'a> {
    /// Asks for permission for every use that the flags request, records the answers, and takes a
    /// descriptor.
    pub(super) fn ask_to_open(self, flags: GuestOpenFlags) -> FsResult<OpenOperation<'a>> {
        let permits = FilePermits::ask(self.context, &self.path, flags.descriptor, flags.open)?;
        let lease = self.context.take_descriptor(self.access, &self.path)?;
        Ok(OpenOperation {
            target: self,
            permits,
            lease,
            flags,
        })
    }
}

impl OpenOperation<'_> {
    /// Opens the file, and asks for permission again if it turns out to be special. Records a
    /// refusal.
    pub(super) async fn run(mut self) -> FsResult<(Descriptor, OpenDescriptor)> {
        loop {
            // A path that may only be walked through must be a directory.
            let is_walk_only = self.permits.is_walk_only();
            let request = self.request(is_walk_only)?;
            let context = self.target.context;
            let permits = self.permits.to_vec();
            let outcome = context
                .run_blocking(permits, move || request.open())
                .await?;
            if let Err(ResolveError::PolicyChanged) = outcome {
                continue;
            }
            let is_opened = matches!(outcome, Ok(Ok(_)));
            if is_walk_only && !is_opened && !matches!(outcome, Err(ResolveError::Special(_))) {
                // Not a directory, and the permit covers nothing else.
                context.ask(FileAccess::Read, &self.target.path)?;
            }
            match outcome {
                Ok(outcome) => {
                    let (descriptor, identity) = self.target.finish(outcome)?;
                    return Ok((descriptor, self.into_opened(identity)));
                }
                Err(stopped) => self.target.add_special(stopped)?,
            }
            self.permits = FilePermits::ask(
                context,
                &self.target.path,
                self.flags.descriptor,
                self.flags.open,
            )?;
        }
    }

    fn request(&mut self, is_walk_only: bool) -> FsResult<OpenRequest> {
        let walk = self.target.walk(self.flags.path)?;
        let mut open_flags = self.flags.open;
        if is_walk_only || (self.target.is_fine_grained && self.target.path.is_directory) {
            open_flags |= OpenFlags::DIRECTORY;
        }
        Ok(OpenRequest {
            walk,
            open_flags,
            flags: self.flags.descriptor,
        })
    }

    /// Returns the opened descriptor. Its permits depend on how the path was resolved, not on how
    /// it would be resolved now: grants may have been revoked since.
    fn into_opened(self, identity: MetadataHashValue) -> OpenDescriptor {
        let root = self.target.context.root(self.target.root);
        OpenDescriptor {
            root: self.target.root,
            path: self.target.path,
            permits: if self.target.is_fine_grained {
                self.permits
            } else {
                self.permits.through_symlinks(root.fine_grained_flag())
            },
            identity: Some(identity),
            lease: Some(Arc::new(self.lease)),
            is_closed: false,
        }
    }
}

impl OpenRequest {
    /// Opens the file and reads its identity. Blocks.
    fn open(&self) -> Result<FsResult<(Descriptor, MetadataHashValue)>, ResolveError> {
        let opened = match self.open_descriptor()? {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        Ok(with_identity(opened))
    }
}

fn with_identity(opened: Descriptor) -> FsResult<(Descriptor, MetadataHashValue)> {
    let mut inner = WasiFilesystem::default();
    let same = inner.insert(opened.clone())?;
    let identity = complete_now(inner.view().metadata_hash(same))?;
    Ok((opened, identity))
}

#[cfg(unix)]
mod unix {
    use rustix::fs::OFlags;
    use wasmtime_wasi::filesystem::{Descriptor, Dir, File};
    use wasmtime_wasi::p2::FsResult;
    use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags};
    use wasmtime_wasi::{FsPerms, OpenMode};

    use super::OpenRequest;
    use crate::capability::files::resolution::{EntryKind, PathForm, ResolveError};

    impl OpenRequest {
        pub(super) fn open_descriptor(&self) -> Result<FsResult<Descriptor>, ResolveError> {
            let mode = match self.checked_mode() {
                Ok(mode) => mode,
                Err(code) => return Ok(Err(code.into())),
            };
            let entry = self.walk.resolve()?;
            let wants_directory = self.open_flags.contains(OpenFlags::DIRECTORY);
            match entry.kind {
                Some(EntryKind::File | EntryKind::Special(_)) if wants_directory => {
                    return Ok(Err(ErrorCode::NotDirectory.into()));
                }
                None if entry.form == PathForm::Directory
                    && self.open_flags.contains(OpenFlags::CREATE) =>
                {
                    return Ok(Err(ErrorCode::IsDirectory.into()));
                }
                _ => {}
            }
            let (file, kind) = self.walk.path.open(&entry, self.system_flags(mode))?;
            let perms = self.walk.directory.perms;
            Ok(Ok(match kind {
                EntryKind::Directory => Descriptor::Dir(Dir::new(file, perms, mode, true)),
                _ => Descriptor::File(File::new(file, perms, mode, true)),
            }))
        }

        /// Returns the mode to open the file in, or the error code for flags that are not allowed.
        fn checked_mode(&self) -> Result<OpenMode, ErrorCode> {
            let synchronized = DescriptorFlags::FILE_INTEGRITY_SYNC
                | DescriptorFlags::DATA_INTEGRITY_SYNC
                | DescriptorFlags::REQUESTED_WRITE_SYNC;
            if self.flags.intersects(synchronized) {
                return Err(ErrorCode::Unsupported);
            }
            let changes = OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE;
            if self.open_flags.contains(OpenFlags::DIRECTORY) && self.open_flags.intersects(changes)
            {
                return Err(ErrorCode::Invalid);
            }
            let mut mode = OpenMode::empty();
            let writes = self.flags.contains(DescriptorFlags::WRITE);
            let changes = OpenFlags::CREATE | OpenFlags::TRUNCATE;
            if writes || self.open_flags.intersects(changes) {
                mode |= OpenMode::WRITE;
            }
            // A file that is not opened for writing is opened for reading, because a handle needs a
            // mode.
            if !writes || self.flags.contains(DescriptorFlags::READ) {
                mode |= OpenMode::READ;
            }
            match self.walk.directory.perms {
                FsPerms::ReadOnly if mode.contains(OpenMode::WRITE) => Err(ErrorCode::NotPermitted),
                _ => Ok(mode),
            }
        }

        fn system_flags(&self, mode: OpenMode) -> OFlags {
            let mut flags = match (
                mode.contains(OpenMode::READ),
                mode.contains(OpenMode::WRITE),
            ) {
                (true, true) => OFlags::RDWR,
                (false, true) => OFlags::WRONLY,
                (_, false) => OFlags::RDONLY,
            };
            flags.set(
                OFlags::DIRECTORY,
                self.open_flags.contains(OpenFlags::DIRECTORY),
            );
            flags.set(OFlags::TRUNC, self.open_flags.contains(OpenFlags::TRUNCATE));
            if self.open_flags.contains(OpenFlags::CREATE) {
                flags |= OFlags::CREATE;
                flags.set(OFlags::EXCL, self.open_flags.contains(OpenFlags::EXCLUSIVE));
            }
            flags
        }
    }
}

#[cfg(not(unix))]
mod other {
    use wasmtime_wasi::filesystem::{Descriptor, Dir, File};
    use wasmtime_wasi::p2::FsResult;
    use wasmtime_wasi::p2::bindings::filesystem::types::{HostDescriptor, PathFlags};

    use super::OpenRequest;
    use crate::capability::files::resolution::{ResolveError, SymlinkPolicy};
    use crate::capability::files::wasi_filesystem::{WasiFilesystem, complete_now};

    impl OpenRequest {
        /// Opens the file with wasmtime's implementation.
        pub(super) fn open_descriptor(&self) -> Result<FsResult<Descriptor>, ResolveError> {
            let entry = self.walk.resolve()?;
            let follow = match self.walk.path.symlinks {
                SymlinkPolicy::Followed => PathFlags::SYMLINK_FOLLOW,
                _ => PathFlags::empty(),
            };
            Ok(self.open_in(entry.name, follow))
        }

        fn open_in(&self, name: String, follow: PathFlags) -> FsResult<Descriptor> {
            let mut inner = WasiFilesystem::default();
            let directory = inner.insert(Descriptor::Dir(self.walk.directory.clone()))?;
            let opened = complete_now(inner.view().open_at(
                directory,
                follow,
                name,
                self.open_flags,
                self.flags,
            ))?;
            Ok(match inner.remove(opened)? {
                Descriptor::File(open) => Descriptor::File(File::new(
                    open.file.try_clone()?,
                    open.perms,
                    open.open_mode,
                    true,
                )),
                Descriptor::Dir(open) => Descriptor::Dir(Dir::new(
                    open.dir.try_clone()?,
                    open.perms,
                    open.open_mode,
                    true,
                )),
            })
        }
    }
}
