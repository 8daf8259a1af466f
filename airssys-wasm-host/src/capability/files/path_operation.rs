//! An operation on a path: permission, resolution, execution and result.
//!
//! `FilesView::begin_at` asks for permission, which is recorded before anything happens.
//! `PathOperation::run` checks the permission again, resolves the path and does the work on a
//! blocking thread, asks again for special properties that the path turns out to have, records a
//! refusal, and returns the result for the guest. An operation that is dropped before it runs has no
//! effect.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files_special.rs`.

use airssys_wasm_core::policy::FileAccess;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::PathFlags;
use wasmtime_wasi::p2::{FsError, FsResult};

use super::instance_files::FilesView;
use super::resolution::ResolveError;
use super::target::PathTarget;
use super::wasi_filesystem::{ResolvedEntry, WasiFilesystem, complete_now};
use crate::capability::Permit;

/// A target that may be accessed, with the decision on record. Conditions that do not depend on the
/// file system are checked here, before the operation begins.
#[must_use = "the operation has not begun yet"]
pub(super) struct AllowedTarget<'a> {
    target: PathTarget<'a>,
    permit: Permit,
}

/// An operation on a path, which was allowed and recorded.
#[must_use = "the operation has not run yet"]
pub(super) struct PathOperation<'a> {
    pub(super) target: PathTarget<'a>,
    pub(super) permit: Permit,
}

impl<'a> FilesView<'a> {
    /// Begins an operation on a path: asks for permission, and records the answer.
    pub(super) fn begin_at(
        &self,
        fd: &Resource<Descriptor>,
        written: String,
        access: FileAccess,
    ) -> FsResult<PathOperation<'a>> {
        self.target(fd, written, access)?.ask()?.begin()
    }
}

impl<'a> PathTarget<'a> {
    /// Asks for permission, and records the answer.
    pub(super) fn ask(self) -> FsResult<AllowedTarget<'a>> {
        let permit = self.context.ask(self.access, &self.path)?;
        Ok(AllowedTarget {
            target: self,
            permit,
        })
    }

    /// Prepares to resolve the path again after resolution has stopped: at something special, for
    /// which this asks for permission, or because symbolic links may no longer be followed. Fails
    /// if it stopped for another reason, or if the permission is denied.
    pub(super) fn prepare_again(
        &mut self,
        stopped: ResolveError,
        permit: &mut Permit,
    ) -> FsResult<()> {
        let is_special = matches!(stopped, ResolveError::Special(_));
        self.add_special(stopped)?;
        if is_special {
            *permit = self.context.ask(self.access, &self.path)?;
        }
        Ok(())
    }
}

impl<'a> AllowedTarget<'a> {
    /// Returns `true` if this target is in another root than `other`.
    pub(super) fn is_in_other_root(&self, other: &Self) -> bool {
        self.target.root != other.target.root
    }

    /// Returns `true` if grants differ by path here.
    pub(super) fn is_fine_grained(&self) -> bool {
        self.target.context.root(self.target.root).is_fine_grained()
    }

    /// Denies and records the operation.
    pub(super) fn refuse(&self, problem: &str) -> FsError {
        self.target.refuse(problem)
    }

    /// Begins the operation.
    pub(super) fn begin(mut self) -> FsResult<PathOperation<'a>> {
        self.target.choose_start()?;
        Ok(PathOperation {
            target: self.target,
            permit: self.permit,
        })
    }

    /// Begins an operation that is refused where grants differ by path, even if they begin to do so
    /// while it waits for a slot.
    pub(super) fn begin_while_uniform(mut self) -> FsResult<PathOperation<'a>> {
        self.target.is_uniform_only = true;
        self.begin()
    }
}

impl PathOperation<'_> {
    /// Returns `true` if the bytes of the file count towards a quota.
    pub(super) fn has_quota(&self) -> bool {
        self.target.context.quota(&self.permit).is_some()
    }

    /// Resolves the path and runs the operation there, with wasmtime's implementation. Records a
    /// refusal.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        follow: PathFlags,
        mut operation: impl AsyncFnOnce(WasiFilesystemCtxView<'_>, ResolvedEntry) -> FsResult<T>
        + Send
        + 'static,
    ) -> FsResult<T> {
        loop {
            let walk = self.target.walk(follow)?;
            let attempt = move || match walk.resolve() {
                Ok(resolved) => {
                    let mut files = WasiFilesystem::default();
                    let entry = ResolvedEntry::new(&mut files, &walk.directory, resolved, follow);
                    Ok(entry.and_then(|entry| complete_now(operation(files.view(), entry))))
                }
                Err(stopped) => Err((stopped, operation)),
            };
            let permits = vec![self.permit.clone()];
            match self.target.context.run_blocking(permits, attempt).await? {
                Ok(outcome) => return self.target.finish(outcome),
                Err((stopped, unused)) => {
                    self.target.prepare_again(stopped, &mut self.permit)?;
                    operation = unused;
                }
            }
        }
    }
}
