//! Where an operation takes place: a directory that is open, and a name in it.
//!
//! Tests: the workspace's `tests/attacks`.

use std::sync::Arc;

use airssys_wasm_core::policy::{FileAccess, Policy};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorType, ErrorCode, HostDescriptor, PathFlags};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::FilesView;
use super::path::GuestPath;
use super::roots::is_uniform;
use super::walk::{Stopped, walk};
use crate::capability::Permit;

/// Where an operation takes place: a directory, and what to look for in it.
pub(super) struct Target {
    /// Closed again when the operation is over, if it was opened for it.
    pub(super) directory: Resource<Descriptor>,
    pub(super) name: String,
    pub(super) is_temporary: bool,
    pub(super) path: GuestPath,
    pub(super) root: usize,
}

impl Target {
    pub(super) fn borrow(&self) -> Resource<Descriptor> {
        Resource::new_borrow(self.directory.rep())
    }

    /// Links are followed only where that leads nowhere else.
    pub(super) fn flags(&self, asked: PathFlags) -> PathFlags {
        if self.is_temporary { PathFlags::empty() } else { asked }
    }
}

impl FilesView<'_> {
    /// Where to do it: as written where links may be followed, else in the directory
    /// that was walked to.
    pub(super) async fn target(
        &mut self,
        fd: &Resource<Descriptor>,
        index: usize,
        written: String,
        path: GuestPath,
        access: FileAccess,
    ) -> FsResult<Target> {
        let root = &self.rooms.files.all[index];
        if !root.is_fine() {
            let directory = Resource::new_borrow(fd.rep());
            return Ok(Target { directory, name: written, is_temporary: false, path, root: index });
        }
        let Some(mut names) = path.below(&root.path) else { return Err(ErrorCode::NotPermitted.into()) };
        let name = names.pop().unwrap_or_else(|| ".".into());
        let (top, mode, perms) = (Arc::clone(&root.dir.dir), root.dir.open_mode, root.dir.perms);
        let handle = tokio::task::spawn_blocking(move || walk(&top, &names)).await.map_err(FsError::trap)?;
        let handle = handle.map_err(|error| match error {
            Stopped::AtALink => {
                self.refuse(access, &path, "leads through a link where grants differ by name")
            }
            Stopped::At(error) => error.into(),
        })?;
        let mut dir = root.dir.clone();
        (dir.dir, dir.open_mode, dir.perms) = (handle, mode, perms);
        let directory = self.table.push(Descriptor::Dir(dir))?;
        Ok(Target { directory, name, is_temporary: true, path, root: index })
    }

    /// Asks whether something may be done where `written` leads, and goes there.
    pub(super) async fn begin(
        &mut self,
        fd: &Resource<Descriptor>,
        written: String,
        access: FileAccess,
    ) -> FsResult<(Target, Permit)> {
        let (root, path) = self.path(fd, &written, access)?;
        let permit = self.ask(access, &path)?;
        Ok((self.target(fd, root, written, path, access).await?, permit))
    }

    pub(super) fn done(&mut self, target: Target) -> FsResult<()> {
        if target.is_temporary {
            self.table.delete(target.directory)?;
        }
        Ok(())
    }

    /// The end of an operation that was allowed: what the sandbox refused all the same
    /// goes on the record.
    pub(super) fn finish<T>(
        &mut self,
        access: FileAccess,
        target: Target,
        outcome: FsResult<T>,
    ) -> FsResult<T> {
        let path = target.path.clone();
        self.done(target)?;
        self.recorded(access, &path, outcome)
    }

    pub(super) fn is_fine(&self, root: usize) -> bool {
        self.rooms.files.all[root].is_fine()
    }

    pub(super) async fn is_directory(&mut self, target: &Target) -> FsResult<bool> {
        let stat = self.inner().stat_at(target.borrow(), PathFlags::empty(), target.name.clone()).await?;
        Ok(stat.type_ == DescriptorType::Directory)
    }

    /// Whether what lies at `from` may be called `to` where grants differ by name: a file
    /// if both names have the same, a directory if all names in both have.
    pub(super) async fn may_rename(
        &mut self,
        from: &Target,
        to: &GuestPath,
    ) -> FsResult<Result<(), &'static str>> {
        if !from.is_temporary {
            return Ok(Ok(()));
        }
        let policy = self.authority.policy();
        let is_directory = self.is_directory(from).await?;
        let is_same = same_uses(&policy, &from.path, to, self.authority.now());
        Ok(match (is_same, is_directory) {
            (false, _) => Err("a rename to a name with other grants"),
            (true, true) if !(is_uniform(&from.path, &policy) && is_uniform(to, &policy)) => {
                Err("the rename of a directory in which grants differ by name")
            }
            _ => Ok(()),
        })
    }
}

/// Whether two paths may be used in the same ways, by the same grants.
fn same_uses(policy: &Policy, a: &GuestPath, b: &GuestPath, now: u64) -> bool {
    let decide = |access, path: &GuestPath| policy.decide(&path.operation(access), now);
    let both = |access| (decide(access, a), decide(access, b));
    let (read, new_read) = both(FileAccess::Read);
    let (write, new_write) = both(FileAccess::Write);
    read.is_allowed() == new_read.is_allowed() && write == new_write
}
