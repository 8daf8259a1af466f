//! An operation on two paths: a rename, or a link to a file.
//!
//! Both are checked and recorded before either is resolved, and both are resolved before anything
//! happens.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use airssys_wasm_core::policy::{FileAccess, Policy};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir, WasiFilesystemCtxView};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::PathFlags;

use super::FilesView;
use super::path::GuestPath;
use super::path_operation::{AllowedTarget, PathOperation};
use super::resolution::{EntryKind, ResolvedPath};
use super::roots::is_uniform;
use super::target::{PathRoute, PathTarget};
use super::wasi_filesystem::{ResolvedEntry, WasiFilesystem, complete_now};

/// The old or the new path of an operation, resolved.
#[must_use = "the operation has not run yet"]
pub(super) struct ResolvedTarget<'a> {
    target: PathTarget<'a>,
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
            let PathRoute { directory, path } = self.target.route(follow)?;
            let resolve = move || path.resolve();
            match self.target.context.run_blocking(resolve).await? {
                Ok(resolved) => {
                    return Ok(ResolvedTarget {
                        target: self.target,
                        resolved,
                        start: directory,
                    });
                }
                Err(stopped) => self.target.ask_for_special(stopped)?,
            }
        }
    }
}

impl ResolvedTarget<'_> {
    /// Checks that a rename does not change grants, and records a refusal. Where grants differ by
    /// name, a file needs the same grants under both names, and a directory needs them for every
    /// name in both.
    pub(super) fn check_rename(&self, new: &PathOperation<'_>) -> FsResult<()> {
        if !self.target.is_fine_grained {
            return Ok(());
        }
        let authority = self.target.context.authority;
        let policy = authority.policy();
        let (from, to) = (&self.target.path, &new.target.path);
        if !have_same_uses(&policy, from, to, authority.now()) {
            return Err(new
                .target
                .refuse("a rename to a name with different grants"));
        }
        if self.resolved.kind == Some(EntryKind::Directory)
            && !(is_uniform(from, &policy) && is_uniform(to, &policy))
        {
            let problem = "the rename of a directory in which grants differ by name";
            return Err(new.target.refuse(problem));
        }
        Ok(())
    }

    /// Runs the operation from this path to `new`, with wasmtime's implementation. Both paths are
    /// resolved, so an error of the system is no sign of a link and is not recorded.
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
        let (old, new) = ((self.start, self.resolved), (new.start, new.resolved));
        let run = move || {
            let mut files = WasiFilesystem::default();
            let old = ResolvedEntry::new(&mut files, &old.0, old.1, PathFlags::empty())?;
            let new = ResolvedEntry::new(&mut files, &new.0, new.1, PathFlags::empty())?;
            complete_now(operation(files.view(), old, new))
        };
        context.run_blocking(run).await?
    }
}

/// Returns `true` if two paths allow the same uses by the same grants, special files included.
fn have_same_uses(policy: &Policy, a: &GuestPath, b: &GuestPath, now: u64) -> bool {
    let decide = |access, path: &GuestPath| policy.decide(&path.operation(access), now);
    let both = |access| (decide(access, a), decide(access, b));
    let (read, new_read) = both(FileAccess::Read);
    let (write, new_write) = both(FileAccess::Write);
    let same_special = |access| {
        policy.granted_special_options(&a.operation(access))
            == policy.granted_special_options(&b.operation(access))
    };
    read.is_allowed() == new_read.is_allowed()
        && write == new_write
        && same_special(FileAccess::Read)
        && same_special(FileAccess::Write)
}
