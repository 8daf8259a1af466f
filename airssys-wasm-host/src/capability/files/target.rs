//! The target of an operation: a path in canonical form, and the directory that it is resolved from.
//!
//! Tests: in this file, `tests/attacks`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use airssys_wasm_core::policy::{DenialReason, FileAccess, Operation, SpecialFile};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, PathFlags};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::file_context::FileContext;
use super::instance_files::FilesView;
use super::path::GuestPath;
use super::resolution::{ResolveError, ResolvedPath, SymlinkPolicy, UnresolvedPath};

/// A path of a guest in canonical form, for which permission is still to be asked.
pub(super) struct PathTarget<'a> {
    pub(super) context: FileContext<'a>,
    pub(super) path: GuestPath,
    /// The access that is asked for and recorded.
    pub(super) access: FileAccess,
    /// The index of the root that contains the path.
    pub(super) root: usize,
    /// The directory that `written` is relative to, or the error if the descriptor is none.
    directory: Result<Dir, ErrorCode>,
    written: String,
    /// `true` if grants differ by path, so that resolution starts at the root and follows no
    /// symbolic link.
    pub(super) is_fine_grained: bool,
    /// `true` if the operation is refused where grants differ by path.
    pub(super) is_uniform_only: bool,
}

/// A path to resolve, and the directory that it is relative to, with its permissions.
pub(super) struct PathWalk {
    pub(super) directory: Dir,
    pub(super) path: UnresolvedPath,
    /// The flag that becomes `true` once symbolic links may no longer be followed; `None` if they
    /// are not followed anyway.
    is_fine_grained: Option<Arc<AtomicBool>>,
}

impl PathWalk {
    /// Resolves the path, unless symbolic links may no longer be followed. Blocks.
    pub(super) fn resolve(&self) -> Result<ResolvedPath, ResolveError> {
        let is_fine_grained = self.is_fine_grained.as_ref();
        if is_fine_grained.is_some_and(|flag| flag.load(Ordering::Acquire)) {
            return Err(ResolveError::PolicyChanged);
        }
        self.path.resolve()
    }
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
            _ if base.is_closed => Err(ErrorCode::BadDescriptor),
            Descriptor::Dir(directory) => Ok(directory.clone()),
            Descriptor::File(_) => Err(ErrorCode::NotDirectory),
        };
        Ok(PathTarget {
            context: self.context,
            path,
            access,
            root: base.root,
            directory,
            written,
            is_fine_grained: false,
            is_uniform_only: false,
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

    /// Decides where resolution starts: at the directory of the guest where symbolic links may be
    /// followed, otherwise at the root, with the names below it. Asking for permission comes first,
    /// because a narrower policy ends the following of symbolic links before it decides.
    pub(super) fn choose_start(&mut self) -> FsResult<()> {
        let root = self.context.root(self.root);
        if !root.is_fine_grained() {
            return match self.directory {
                Ok(_) => Ok(()),
                Err(code) => Err(code.into()),
            };
        }
        if self.is_uniform_only {
            return Err(self.refuse("a link where grants differ by path"));
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
        self.directory = Ok(root.dir.clone());
        self.path.special = root.path.special.clone();
        self.is_fine_grained = true;
        Ok(())
    }

    /// Returns the path to resolve. Symbolic links are followed only if grants do not differ by
    /// path.
    pub(super) fn walk(&mut self, follow: PathFlags) -> FsResult<PathWalk> {
        if !self.is_fine_grained {
            self.choose_start()?;
        }
        let directory = self.directory.clone()?;
        let symlinks = if self.is_fine_grained {
            SymlinkPolicy::Refused
        } else if follow.contains(PathFlags::SYMLINK_FOLLOW) {
            SymlinkPolicy::Followed
        } else {
            SymlinkPolicy::FollowedExceptLast
        };
        let path = UnresolvedPath {
            start: Arc::clone(&directory.dir),
            path: self.written.clone(),
            symlinks,
            admitted: self.path.special.clone(),
        };
        let flag = self.context.root(self.root).fine_grained_flag();
        Ok(PathWalk {
            directory,
            path,
            is_fine_grained: (!self.is_fine_grained).then(|| Arc::clone(flag)),
        })
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
            // `walk` starts at the root next.
            ResolveError::PolicyChanged => Ok(()),
            ResolveError::Symlink => {
                Err(self.refuse("leads through a symbolic link where grants differ by path"))
            }
            ResolveError::Outside => {
                Err(self.refuse("leads through a symbolic link, or out of its directory"))
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
            Ok(code) => {
                if let Some(problem) = refusal_problem(code) {
                    self.refuse(problem);
                }
                code.into()
            }
            Err(trap) => FsError::trap(trap),
        })
    }
}

/// Returns the problem to record for an error that means a refusal; `None` for other errors.
fn refusal_problem(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::Loop => Some("leads through a symbolic link, or through too many names"),
        // wasmtime's sandbox resolves the path there. Elsewhere the path is resolved already, and
        // the system refuses the operation for a reason of its own: an immutable file, for example.
        ErrorCode::NotPermitted if !cfg!(unix) => {
            Some("leads through a symbolic link, or out of its directory")
        }
        _ => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_the_system_refuses_is_not_recorded_as_a_symbolic_link() {
        assert_eq!(refusal_problem(ErrorCode::NotPermitted), None);
        assert!(refusal_problem(ErrorCode::Loop).is_some());
    }
}
