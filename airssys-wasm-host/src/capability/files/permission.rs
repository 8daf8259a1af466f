//! Permission for file operations: finds the path, asks for a permit to use it, and checks that an
//! open descriptor may still be used.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/revoke.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::{DenialReason, FileAccess, Operation};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::FilesView;
use super::descriptor::FilePermits;
use super::path::GuestPath;
use crate::capability::Permit;

impl FilesView<'_> {
    pub(super) fn ask(&self, access: FileAccess, path: &GuestPath) -> FsResult<Permit> {
        let operation = path.operation(access);
        self.authority
            .ask(operation, self.call)
            .map_err(|_| ErrorCode::NotPermitted.into())
    }

    /// Returns a permit if the access is allowed. Does not record a denial, because the caller then
    /// tries another access.
    fn ask_unless_denied(&self, access: FileAccess, path: &GuestPath) -> Option<Permit> {
        self.authority
            .ask_unless_denied(path.operation(access), self.call)
    }

    pub(super) fn would_allow(&self, access: FileAccess, path: &GuestPath) -> bool {
        self.authority.would_allow(&path.operation(access))
    }

    /// Denies and records an access to a path that leads where other grants apply.
    pub(super) fn refuse(&self, access: FileAccess, path: &GuestPath, problem: &str) -> FsError {
        self.refuse_for(
            access,
            path,
            DenialReason::LeavesGrant {
                problem: problem.into(),
            },
        )
    }

    pub(super) fn refuse_for(
        &self,
        access: FileAccess,
        path: &GuestPath,
        reason: DenialReason,
    ) -> FsError {
        self.authority
            .refuse(&path.operation(access), reason, self.call);
        ErrorCode::NotPermitted.into()
    }

    /// Returns the root and the path that `written` refers to. Denies and records a path that
    /// leaves every root.
    pub(super) fn path(
        &self,
        fd: &Resource<Descriptor>,
        written: &str,
        access: FileAccess,
    ) -> FsResult<(usize, GuestPath)> {
        let base = self.descriptor(fd)?;
        match base.path.join(written) {
            Ok(path) => Ok((base.root, path)),
            Err(code) => {
                let path = format!("{}/{written}", base.path.as_str().trim_end_matches('/'));
                let reason = DenialReason::Malformed {
                    problem: "leads out of every directory, or is not a path".into(),
                };
                self.authority
                    .refuse(&Operation::File { access, path }, reason, self.call);
                Err(code.into())
            }
        }
    }

    pub(super) fn record_refusal<T>(
        &self,
        access: FileAccess,
        path: &GuestPath,
        outcome: FsResult<T>,
    ) -> FsResult<T> {
        outcome.map_err(|error| match error.downcast() {
            Ok(code @ (ErrorCode::NotPermitted | ErrorCode::Loop)) => {
                self.refuse(
                    access,
                    path,
                    "leads through a link, or out of its directory",
                );
                code.into()
            }
            Ok(code) => code.into(),
            Err(trap) => FsError::trap(trap),
        })
    }

    /// Checks that a descriptor may still be used for an access. Fails for a use that it was not
    /// opened for, with the decision on record.
    pub(super) fn check_permit(
        &mut self,
        fd: &Resource<Descriptor>,
        access: FileAccess,
        which: impl Fn(&mut FilePermits) -> Option<&mut Permit>,
    ) -> FsResult<Permit> {
        let (authority, call) = (Arc::clone(self.authority), self.call);
        let opened = self
            .files
            .open
            .get_mut(&fd.rep())
            .ok_or(ErrorCode::BadDescriptor)?;
        let Some(permit) = which(&mut opened.permits) else {
            let path = opened.path.clone();
            self.ask(access, &path)?;
            return Err(ErrorCode::BadDescriptor.into());
        };
        if authority.still_allows(permit, call) {
            return Ok(permit.clone());
        }
        self.close(fd)?;
        Err(ErrorCode::NotPermitted.into())
    }

    /// Closes the file behind a handle. The handle itself remains for the guest to drop.
    pub(super) fn close(&mut self, fd: &Resource<Descriptor>) -> FsResult<()> {
        if let Descriptor::File(file) = self.table.get_mut(fd)? {
            file.file = Arc::new(empty_file()?);
        }
        Ok(())
    }

    /// Returns permits for the uses that are requested at open, as far as they are allowed.
    pub(super) fn permits(
        &self,
        path: &GuestPath,
        flags: DescriptorFlags,
        creates: OpenFlags,
    ) -> FsResult<FilePermits> {
        let mut permits = FilePermits::default();
        let truncates = creates.contains(OpenFlags::TRUNCATE);
        let writes = flags.contains(DescriptorFlags::WRITE)
            || creates.contains(OpenFlags::CREATE)
            || truncates;
        if writes {
            permits.write = if truncates {
                None
            } else {
                self.ask_unless_denied(FileAccess::Write, path)
            };
            if permits.write.is_none() && !truncates && self.would_allow(FileAccess::Append, path) {
                permits.append = Some(self.ask(FileAccess::Append, path)?);
            } else {
                let permit = permits
                    .write
                    .take()
                    .map_or_else(|| self.ask(FileAccess::Write, path), Ok)?;
                permits.append = Some(permit.clone());
                permits.write = Some(permit);
            }
        }
        if flags.contains(DescriptorFlags::READ) {
            permits.read = self.ask_unless_denied(FileAccess::Read, path);
            if permits.read.is_none() && !writes && self.would_allow(FileAccess::Traverse, path) {
                permits.metadata = Some(self.ask(FileAccess::Traverse, path)?);
            } else if permits.read.is_none() {
                permits.read = Some(self.ask(FileAccess::Read, path)?);
            }
        } else if !writes {
            permits.metadata = match self.ask_unless_denied(FileAccess::Stat, path) {
                Some(permit) => Some(permit),
                None => Some(self.ask(FileAccess::Traverse, path)?),
            };
        }
        Ok(permits)
    }

    /// Returns the permits for a directory that the guest receives without opening it. Each use is
    /// recorded when it occurs.
    pub(super) fn unrecorded_permits(&self, path: &GuestPath) -> FilePermits {
        let permit = |access| self.authority.permit_unrecorded(path.operation(access));
        FilePermits {
            read: permit(FileAccess::Read),
            metadata: permit(FileAccess::Traverse),
            ..FilePermits::default()
        }
    }
}

/// Returns `true` if a permit allows nothing but walking through a directory.
pub(super) fn is_walk_only(permit: &Permit) -> bool {
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
}

/// Opens an empty file, which replaces a closed one.
fn empty_file() -> std::io::Result<std::fs::File> {
    std::fs::File::open(if cfg!(windows) { "NUL" } else { "/dev/null" })
}
