//! Opens a file: inspects, opens and identifies it in one blocking operation.
//!
//! wasmtime's implementation has no hook between resolving a path and opening it, so its checks are
//! repeated here. The identity is read at once, because guests request it as soon as a file is open
//! (`fstat` of the C library does) and it never changes while the file is open.
//! Tests: `tests/suite/capabilities/files.rs`.

use airssys_wasm_core::policy::FileAccess;
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, HostDescriptor, MetadataHashValue, OpenFlags, PathFlags,
};

use super::FilesView;
use super::descriptor::FilePermits;
use super::permission::is_walk_only;
use super::resolution::{ResolveError, UnresolvedPath};
use super::target::PathTarget;
use super::wasi_filesystem::{WasiFilesystem, complete_now};

/// A request to open a file.
#[derive(Clone)]
pub(super) struct OpenRequest {
    /// The directory that the path is relative to, with its permissions.
    pub(super) directory: Dir,
    pub(super) route: UnresolvedPath,
    pub(super) open_flags: OpenFlags,
    pub(super) flags: DescriptorFlags,
}

impl OpenRequest {
    /// Opens the file and reads its identity. Blocks.
    pub(super) fn open(&self) -> Result<FsResult<(Descriptor, MetadataHashValue)>, ResolveError> {
        let opened = match self.open_descriptor()? {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        Ok(with_identity(opened))
    }
}

impl FilesView<'_> {
    /// Opens a file, and asks for permission again if it turns out to be special.
    pub(super) async fn open_target(
        &mut self,
        target: &mut PathTarget,
        mut permits: FilePermits,
        path_flags: PathFlags,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<(Descriptor, MetadataHashValue, FilePermits)> {
        loop {
            // A path that may only be walked through must be a directory.
            let walks = permits.metadata.as_ref().is_some_and(is_walk_only);
            let is_directory = walks || (target.is_fine_grained && target.path.is_directory);
            let opening = OpenRequest {
                directory: target.directory.clone(),
                route: target.route(path_flags),
                open_flags: if is_directory {
                    open_flags | OpenFlags::DIRECTORY
                } else {
                    open_flags
                },
                flags,
            };
            let outcome = self.run_blocking(move || opening.open()).await?;
            let is_opened = matches!(outcome, Ok(Ok(_)));
            if walks && !is_opened && !matches!(outcome, Err(ResolveError::Special(_))) {
                // Not a directory, and the permit covers nothing else.
                self.ask(FileAccess::Read, &target.path)?;
            }
            match outcome {
                Ok(outcome) => {
                    let (opened, identity) =
                        self.record_refusal(target.access, &target.path, outcome)?;
                    return Ok((opened, identity, permits));
                }
                Err(stopped) => self.add_special(target.access, &mut target.path, stopped)?,
            }
            permits = self.permits(&target.path, flags, open_flags)?;
        }
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
            let place = self.route.resolve()?;
            let wants_directory = self.open_flags.contains(OpenFlags::DIRECTORY);
            match place.kind {
                Some(EntryKind::File | EntryKind::Special(_)) if wants_directory => {
                    return Ok(Err(ErrorCode::NotDirectory.into()));
                }
                None if place.form == PathForm::Directory
                    && self.open_flags.contains(OpenFlags::CREATE) =>
                {
                    return Ok(Err(ErrorCode::IsDirectory.into()));
                }
                _ => {}
            }
            let (file, found) = self.route.open(&place, self.system_flags(mode))?;
            let perms = self.directory.perms;
            Ok(Ok(match found {
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
            match self.directory.perms {
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
    use crate::capability::files::resolution::{LinkPolicy, ResolveError};
    use crate::capability::files::wasi_filesystem::{WasiFilesystem, complete_now};

    impl OpenRequest {
        /// Opens the file with wasmtime's implementation.
        pub(super) fn open_descriptor(&self) -> Result<FsResult<Descriptor>, ResolveError> {
            let place = self.route.resolve()?;
            let follow = match self.route.links {
                LinkPolicy::Followed => PathFlags::SYMLINK_FOLLOW,
                _ => PathFlags::empty(),
            };
            Ok(self.open_in(place.name, follow))
        }

        fn open_in(&self, name: String, follow: PathFlags) -> FsResult<Descriptor> {
            let mut inner = WasiFilesystem::default();
            let directory = inner.insert(Descriptor::Dir(self.directory.clone()))?;
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
