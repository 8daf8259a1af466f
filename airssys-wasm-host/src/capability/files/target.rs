//! The target of an operation: a path in canonical form, and the directory that it is resolved from.
//!
//! Tests: `tests/attacks`.

use std::sync::Arc;

use airssys_wasm_core::policy::{DenialReason, FileAccess, Operation, SpecialFile};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, PathFlags};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::FilesView;
use super::context::FileContext;
use super::path::GuestPath;
use super::resolution::{LinkPolicy, ResolveError, UnresolvedPath};

/// A path of a guest in canonical form, for which permission is still to be asked.
pub(super) struct PathTarget<'a> {
    pub(super) context: FileContext<'a>,
    pub(super) path: GuestPath,
    /// The access that is asked for and recorded.
    pub(super) access: FileAccess,
    /// The index of the root that contains the path.
    pub(super) root: usize,
    /// The directory that `written` is relative to; `None` if the descriptor is a file.
    directory: Option<Dir>,
    written: String,
    /// `true` if grants differ by name, so that resolution starts at the root and follows no link.
    pub(super) is_fine_grained: bool,
}

/// A path to resolve, and the directory that it is relative to, with its permissions.
pub(super) struct PathRoute {
    pub(super) directory: Dir,
    pub(super) path: UnresolvedPath,
}

impl<'a> FilesView<'a> {
    /// Returns the target that `written` refers to. Denies and records a path that leaves every
    /// root.
    pub(super) fn target(
        &self,
        fd: &Resource<Descriptor>,
        written: String,
        access: FileAccess,
    ) -> FsResult<PathTarget<'a>> {
        let base = self.descriptor(fd)?;
        let path = base.path.join(&written).inspect_err(|_| {
            let path = format!("{}/{written}", base.path.as_str().trim_end_matches('/'));
            let problem = "leads out of every directory, or is not a path".into();
            self.context.refuse(
                &Operation::File { access, path },
                DenialReason::Malformed { problem },
            );
        })?;
        let directory = match self.table.get(fd)? {
            Descriptor::Dir(directory) => Some(directory.clone()),
            Descriptor::File(_) => None,
        };
        Ok(PathTarget {
            context: self.context,
            path,
            access,
            root: base.root,
            directory,
            written,
            is_fine_grained: false,
        })
    }
}

impl PathTarget<'_> {
    /// Returns `true` if an access would be allowed. Records nothing.
    pub(super) fn would_allow(&self, access: FileAccess) -> bool {
        self.context.would_allow(access, &self.path)
    }

    /// Denies and records an access to a path that leads where other grants apply.
    pub(super) fn refuse(&self, problem: &str) -> FsError {
        self.refuse_for(DenialReason::LeavesGrant {
            problem: problem.into(),
        })
    }

    fn refuse_for(&self, reason: DenialReason) -> FsError {
        self.context
            .refuse(&self.path.operation(self.access), reason)
    }

    /// Decides where resolution starts: at the directory of the guest where links may be followed,
    /// otherwise at the root, with the names below it. Asking for permission comes first, because a
    /// narrower policy ends the following of links before it decides.
    pub(super) fn choose_start(&mut self) -> FsResult<()> {
        let root = self.context.root(self.root);
        if !root.is_fine_grained() {
            return match self.directory {
                Some(_) => Ok(()),
                None => Err(ErrorCode::NotDirectory.into()),
            };
        }
        let Some(names) = self.path.below(&root.path) else {
            return Err(ErrorCode::NotPermitted.into());
        };
        self.written = if names.is_empty() {
            ".".to_owned()
        } else {
            names.join("/")
        };
        if self.path.is_directory {
            self.written.push('/');
        }
        self.directory = Some(root.dir.clone());
        self.path.special = root.path.special.clone();
        self.is_fine_grained = true;
        Ok(())
    }

    /// Returns the path to resolve. Links are followed only if grants do not differ by name.
    pub(super) fn route(&mut self, follow: PathFlags) -> FsResult<PathRoute> {
        if !self.is_fine_grained {
            self.choose_start()?;
        }
        let directory = self.directory.clone().ok_or(ErrorCode::NotDirectory)?;
        let links = if self.is_fine_grained {
            LinkPolicy::Refused
        } else if follow.contains(PathFlags::SYMLINK_FOLLOW) {
            LinkPolicy::Followed
        } else {
            LinkPolicy::FollowedExceptLast
        };
        let path = UnresolvedPath {
            start: Arc::clone(&directory.dir),
            path: self.written.clone(),
            links,
            admitted: self.path.special.clone(),
        };
        Ok(PathRoute { directory, path })
    }

    /// Adds the special properties that stopped resolution, for which permission must be asked
    /// before it continues. Fails if it stopped for another reason.
    pub(super) fn add_special(&mut self, stopped: ResolveError) -> FsResult<()> {
        match stopped {
            ResolveError::Special(special) if special != self.path.special => {
                self.path.special = special;
                Ok(())
            }
            ResolveError::Special(special) => Err(self.refuse_special(special)),
            ResolveError::Link => {
                Err(self.refuse("leads through a link where grants differ by name"))
            }
            ResolveError::Outside => {
                Err(self.refuse("leads through a link, or out of its directory"))
            }
            ResolveError::Io(error) => self.finish(Err(error.into())),
        }
    }

    fn refuse_special(&self, special: SpecialFile) -> FsError {
        self.refuse_for(DenialReason::SpecialFile { special })
    }

    /// Ends an operation: records an error of the system that means a refusal, and returns the
    /// result for the guest.
    pub(super) fn finish<T>(&self, outcome: FsResult<T>) -> FsResult<T> {
        outcome.map_err(|error| match error.downcast() {
            Ok(code @ (ErrorCode::NotPermitted | ErrorCode::Loop)) => {
                self.refuse("leads through a link, or out of its directory");
                code.into()
            }
            Ok(code) => code.into(),
            Err(trap) => FsError::trap(trap),
        })
    }
}
