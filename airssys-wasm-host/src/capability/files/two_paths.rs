//! An operation on two paths: a rename, or a hard link to a file.
//!
//! Both are checked and recorded before either is resolved, and both are resolved before anything
//! happens. Both are checked again when the operation starts.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::FileAccess;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir, WasiFilesystemCtxView};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::PathFlags;

use super::instance_files::FilesView;
use super::path_operation::{AllowedTarget, PathOperation};
use super::rename_check::RenameCheck;
use super::resolution::{EntryKind, ResolvedPath};
use super::target::PathTarget;
use super::wasi_filesystem::{ResolvedEntry, WasiFilesystem, complete_now};
use crate::capability::Permit;

/// The old or the new path of an operation, resolved.
#[must_use = "the operation has not run yet"]
pub(super) struct ResolvedTarget<'a> {
    target: PathTarget<'a>,
    permit: Permit,
    resolved: ResolvedPath,
    /// The directory that resolution started from, with its permissions.
    start: Dir,
}

impl<'a> FilesView<'a> {
    /// Asks for permission to write at two paths, and records both answers.
    pub(super) fn ask_for_both(
        &self,
        (old_fd, old): (&Resource<Descriptor>, String),
        (new_fd, new): (&Resource<Descriptor>, String),
    ) -> FsResult<(AllowedTarget<'a>, AllowedTarget<'a>)> {
        let old = self.target(old_fd, old, FileAccess::Write)?;
        let new = self.target(new_fd, new, FileAccess::Write)?;
        Ok((old.ask()?, new.ask()?))
    }
}

impl<'a> PathOperation<'a> {
    /// Resolves the path, and asks for the special properties that it turns out to have. Records a
    /// refusal.
    pub(super) async fn resolve(mut self, follow: PathFlags) -> FsResult<ResolvedTarget<'a>> {
        loop {
            let walk = self.target.walk(follow)?;
            let start = walk.directory.clone();
            let context = self.target.context;
            let permits = vec![self.permit.clone()];
            match context
                .run_blocking(permits, move || walk.resolve())
                .await?
            {
                Ok(resolved) => return Ok(ResolvedTarget::new(self, resolved, start)),
                Err(stopped) => self.target.prepare_again(stopped, &mut self.permit)?,
            }
        }
    }
}

impl<'a> ResolvedTarget<'a> {
    /// If symbolic links were followed, the permit ends once they may no longer be: the resolved
    /// path may be another than the one that was checked.
    fn new(operation: PathOperation<'a>, resolved: ResolvedPath, start: Dir) -> Self {
        let PathOperation { target, permit } = operation;
        let flag = target.context.root(target.root).fine_grained_flag();
        Self {
            permit: if target.is_fine_grained {
                permit
            } else {
                permit.through_symlinks(flag)
            },
            target,
            resolved,
            start,
        }
    }

    /// Returns the check that a rename to `new` does not change grants.
    pub(super) fn rename_check(&self, new: &PathOperation<'_>) -> RenameCheck {
        RenameCheck {
            authority: Arc::clone(self.target.context.authority),
            call: self.target.context.call,
            from: self.target.path.clone(),
            to: new.target.path.clone(),
            is_directory: self.resolved.kind == Some(EntryKind::Directory),
            is_fine_grained: self.target.is_fine_grained,
        }
    }

    /// Runs the operation from this path to `new`, with wasmtime's implementation. Both paths are
    /// resolved, so an error of the system is no sign of a symbolic link and is not recorded.
    pub(super) async fn run_to<T: Send + 'static>(
        self,
        new: Self,
        operation: impl AsyncFnOnce(
            WasiFilesystemCtxView<'_>,
            ResolvedEntry,
            ResolvedEntry,
        ) -> FsResult<T>
        + Send
        + 'static,
    ) -> FsResult<T> {
        let context = self.target.context;
        let permits = vec![self.permit, new.permit];
        let (old, new) = ((self.start, self.resolved), (new.start, new.resolved));
        let run = move || {
            let mut files = WasiFilesystem::default();
            let old = ResolvedEntry::new(&mut files, &old.0, old.1, PathFlags::empty())?;
            let new = ResolvedEntry::new(&mut files, &new.0, new.1, PathFlags::empty())?;
            complete_now(operation(files.view(), old, new))
        };
        context.run_blocking(permits, run).await?
    }
}
