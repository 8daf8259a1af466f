//! The target of an operation: an open directory, and a path in it.
//!
//! Tests: `tests/attacks`.

use std::sync::Arc;

use airssys_wasm_core::policy::{FileAccess, Policy};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, PathFlags};

use super::FilesView;
use super::path::GuestPath;
use super::resolution::{EntryKind, LinkPolicy, ResolvedPath, UnresolvedPath};
use super::roots::is_uniform;
use crate::capability::Permit;

/// The target of an operation: a directory, and the path to resolve in it.
pub(super) struct PathTarget {
    /// The directory that the path is relative to, with its permissions.
    pub(super) directory: Dir,
    written: String,
    /// `true` if grants differ by name, so that no link is followed.
    pub(super) is_fine_grained: bool,
    pub(super) path: GuestPath,
    pub(super) root: usize,
    /// The access that was requested.
    pub(super) access: FileAccess,
}

impl PathTarget {
    /// Returns the path to resolve. Links are followed only if grants do not differ by name.
    pub(super) fn route(&self, follow: PathFlags) -> UnresolvedPath {
        let links = match (
            self.is_fine_grained,
            follow.contains(PathFlags::SYMLINK_FOLLOW),
        ) {
            (true, _) => LinkPolicy::Refused,
            (false, true) => LinkPolicy::Followed,
            (false, false) => LinkPolicy::FollowedExceptLast,
        };
        let (start, path) = (Arc::clone(&self.directory.dir), self.written.clone());
        UnresolvedPath {
            start,
            path,
            links,
            admitted: self.path.special.clone(),
        }
    }
}

impl FilesView<'_> {
    /// Returns the target of an operation: the path as written where links may be followed,
    /// otherwise the names below the granted directory.
    pub(super) fn path_target(
        &self,
        fd: &Resource<Descriptor>,
        index: usize,
        written: String,
        path: GuestPath,
        access: FileAccess,
    ) -> FsResult<PathTarget> {
        let root = &self.revision.roots.all[index];
        if !root.is_fine_grained() {
            let Descriptor::Dir(directory) = self.table.get(fd)? else {
                return Err(ErrorCode::NotDirectory.into());
            };
            let directory = directory.clone();
            return Ok(PathTarget {
                directory,
                written,
                is_fine_grained: false,
                path,
                root: index,
                access,
            });
        }
        let Some(names) = path.below(&root.path) else {
            return Err(ErrorCode::NotPermitted.into());
        };
        let mut written = if names.is_empty() {
            ".".to_owned()
        } else {
            names.join("/")
        };
        if path.is_directory {
            written.push('/');
        }
        let path = path.with_special(root.path.special.clone());
        Ok(PathTarget {
            directory: root.dir.clone(),
            written,
            is_fine_grained: true,
            path,
            root: index,
            access,
        })
    }

    /// Asks whether something may be done where `written` leads, and returns the target and the
    /// permit.
    pub(super) fn authorize_target(
        &self,
        fd: &Resource<Descriptor>,
        written: String,
        access: FileAccess,
    ) -> FsResult<(PathTarget, Permit)> {
        let (root, path) = self.path(fd, &written, access)?;
        let permit = self.ask(access, &path)?;
        Ok((self.path_target(fd, root, written, path, access)?, permit))
    }

    pub(super) fn is_fine_grained(&self, root: usize) -> bool {
        self.revision.roots.all[root].is_fine_grained()
    }

    /// Checks that a rename does not change grants. Where grants differ by name, a file needs the
    /// same grants under both names, and a directory needs them for every name in both.
    pub(super) fn check_rename(
        &self,
        from: &PathTarget,
        place: &ResolvedPath,
        to: &GuestPath,
    ) -> Result<(), &'static str> {
        if !from.is_fine_grained {
            return Ok(());
        }
        let policy = self.authority.policy();
        match (
            have_same_uses(&policy, &from.path, to, self.authority.now()),
            place.kind,
        ) {
            (false, _) => Err("a rename to a name with different grants"),
            (true, Some(EntryKind::Directory))
                if !(is_uniform(&from.path, &policy) && is_uniform(to, &policy)) =>
            {
                Err("the rename of a directory in which grants differ by name")
            }
            _ => Ok(()),
        }
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
