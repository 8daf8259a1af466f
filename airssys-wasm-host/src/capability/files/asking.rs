//! Permission for file operations: finds the path, asks for a permit to use it, and checks that an
//! open descriptor may still be used.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/revoke.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::{FileAccess, Operation, Reason};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::FilesView;
use super::opened::Permits;
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
    fn ask_if_allowed(&self, access: FileAccess, path: &GuestPath) -> Option<Permit> {
        self.authority
            .ask_if_allowed(path.operation(access), self.call)
    }

    pub(super) fn would_allow(&self, access: FileAccess, path: &GuestPath) -> bool {
        self.authority.would_allow(&path.operation(access))
    }

    /// Denies and records an access to a path that leads where other grants apply.
    pub(super) fn refuse(&self, access: FileAccess, path: &GuestPath, problem: &str) -> FsError {
        self.refuse_for(
            access,
            path,
            Reason::LeadsElsewhere {
                problem: problem.into(),
            },
        )
    }

    pub(super) fn refuse_for(
        &self,
        access: FileAccess,
        path: &GuestPath,
        reason: Reason,
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
        let base = self.opened(fd)?;
        match base.path.join(written) {
            Ok(path) => Ok((base.root, path)),
            Err(code) => {
                let path = format!("{}/{written}", base.path.as_str().trim_end_matches('/'));
                let reason = Reason::Malformed {
                    problem: "leads out of every directory, or is not a path".into(),
                };
                self.authority
                    .refuse(&Operation::File { access, path }, reason, self.call);
                Err(code.into())
            }
        }
    }

    pub(super) fn recorded<T>(
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
    pub(super) fn check(
        &mut self,
        fd: &Resource<Descriptor>,
        access: FileAccess,
        which: impl Fn(&mut Permits) -> Option<&mut Permit>,
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
            file.file = Arc::new(nothing()?);
        }
        Ok(())
    }

    /// Returns permits for the uses that are requested at open, as far as they are allowed.
    pub(super) fn permits(
        &self,
        path: &GuestPath,
        flags: DescriptorFlags,
        creates: OpenFlags,
    ) -> FsResult<Permits> {
        let mut permits = Permits::default();
        let truncates = creates.contains(OpenFlags::TRUNCATE);
        let writes = flags.contains(DescriptorFlags::WRITE)
            || creates.contains(OpenFlags::CREATE)
            || truncates;
        if writes {
            permits.write = if truncates {
                None
            } else {
                self.ask_if_allowed(FileAccess::Write, path)
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
            permits.read = self.ask_if_allowed(FileAccess::Read, path);
            if permits.read.is_none() && !writes && self.would_allow(FileAccess::Walk, path) {
                permits.look = Some(self.ask(FileAccess::Walk, path)?);
            } else if permits.read.is_none() {
                permits.read = Some(self.ask(FileAccess::Read, path)?);
            }
        } else if !writes {
            permits.look = match self.ask_if_allowed(FileAccess::Look, path) {
                Some(permit) => Some(permit),
                None => Some(self.ask(FileAccess::Walk, path)?),
            };
        }
        Ok(permits)
    }

    /// Returns the permits for a directory that the guest receives without opening it. Each use is
    /// recorded when it occurs.
    pub(super) fn quiet_permits(&self, path: &GuestPath) -> Permits {
        let permit = |access| self.authority.permit_quietly(path.operation(access));
        Permits {
            read: permit(FileAccess::Read),
            look: permit(FileAccess::Walk),
            ..Permits::default()
        }
    }
}

/// Returns `true` if a permit allows nothing but walking through a directory.
pub(super) fn only_leads_on(permit: &Permit) -> bool {
    matches!(
        permit.operation(),
        Operation::File {
            access: FileAccess::Walk,
            ..
        } | Operation::SpecialFile {
            access: FileAccess::Walk,
            ..
        }
    )
}

/// Opens an empty file, which replaces a closed one.
fn nothing() -> std::io::Result<std::fs::File> {
    std::fs::File::open(if cfg!(windows) { "NUL" } else { "/dev/null" })
}
