//! Runs every operation of a guest that may block on a blocking thread of its deployment.
//!
//! If a path turns out to be special, asks for permission for its special properties and runs the
//! operation again.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files_special.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::{DenialReason, FileAccess, SpecialFile};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::types::PathFlags;
use wasmtime_wasi::p2::{FsError, FsResult};

use super::FilesView;
use super::path::GuestPath;
use super::resolution::{ResolveError, ResolvedPath, UnresolvedPath};
use super::target::PathTarget;
use super::wasi_filesystem::WasiFilesystem;

/// A resolved path for wasmtime's implementation: a directory handle, a name in it, and the flag
/// for following a link there.
pub(super) struct ResolvedEntry {
    directory: Resource<Descriptor>,
    pub(super) name: String,
    pub(super) follow: PathFlags,
    pub(super) place: ResolvedPath,
}

impl ResolvedEntry {
    pub(super) fn directory(&self) -> Resource<Descriptor> {
        Resource::new_borrow(self.directory.rep())
    }

    /// Adds the directory of a place to the resource table of an implementation, with the
    /// permissions of `like`.
    pub(super) fn new(
        inner: &mut WasiFilesystem,
        like: &Dir,
        place: ResolvedPath,
        follow: PathFlags,
    ) -> FsResult<Self> {
        let mut dir = like.clone();
        dir.dir = Arc::clone(&place.directory);
        let directory = inner.insert(Descriptor::Dir(dir))?;
        // A resolved path does not end in a link that must be followed.
        let follow = if cfg!(unix) {
            PathFlags::empty()
        } else {
            follow
        };
        Ok(Self {
            directory,
            name: place.name.clone(),
            follow,
            place,
        })
    }
}

impl FilesView<'_> {
    /// Runs an operation on a blocking thread.
    pub(super) async fn run_blocking<T: Send + 'static>(
        &mut self,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> FsResult<T> {
        self.revision
            .blocking
            .run(operation)
            .await
            .map_err(FsError::trap)
    }

    /// Runs an operation on an open descriptor.
    pub(super) async fn run_on_descriptor<T: Send + 'static>(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: impl FnOnce(&mut WasiFilesystem, Resource<Descriptor>) -> FsResult<T>
        + Send
        + 'static,
    ) -> FsResult<T> {
        let descriptor = self.table.get(fd)?.clone();
        self.run_blocking(move || {
            let mut inner = WasiFilesystem::default();
            let fd = inner.insert(descriptor)?;
            operation(&mut inner, fd)
        })
        .await?
    }

    /// Runs an operation at the path of a target. Records a refusal.
    pub(super) async fn run_at_path<T: Send + 'static>(
        &mut self,
        target: &mut PathTarget,
        follow: PathFlags,
        operation: impl Fn(&mut WasiFilesystem, ResolvedEntry) -> FsResult<T> + Clone + Send + 'static,
    ) -> FsResult<T> {
        loop {
            let (route, like, operation) = (
                target.route(follow),
                target.directory.clone(),
                operation.clone(),
            );
            let outcome = self.run_blocking(move || {
                let place = route.resolve()?;
                let mut inner = WasiFilesystem::default();
                Ok(ResolvedEntry::new(&mut inner, &like, place, follow)
                    .and_then(|spot| operation(&mut inner, spot)))
            });
            match outcome.await? {
                Ok(outcome) => return self.record_refusal(target.access, &target.path, outcome),
                Err(stopped) => self.ask_for_special(target.access, &mut target.path, stopped)?,
            }
        }
    }

    /// Resolves the path of a target, for an operation that needs the result before it starts.
    pub(super) async fn resolve(
        &mut self,
        target: &mut PathTarget,
        follow: PathFlags,
    ) -> FsResult<ResolvedPath> {
        loop {
            let route = target.route(follow);
            match self
                .run_blocking(move || UnresolvedPath::resolve(&route))
                .await?
            {
                Ok(place) => return Ok(place),
                Err(stopped) => self.ask_for_special(target.access, &mut target.path, stopped)?,
            }
        }
    }

    /// Asks for permission after resolution has stopped at something special. Fails if it stopped
    /// for another reason, or if the permission is denied.
    pub(super) fn ask_for_special(
        &self,
        access: FileAccess,
        path: &mut GuestPath,
        stopped: ResolveError,
    ) -> FsResult<()> {
        self.add_special(access, path, stopped)?;
        self.ask(access, path).map(drop)
    }

    /// Adds the special properties that stopped resolution to `path`. Fails if it stopped for
    /// another reason.
    pub(super) fn add_special(
        &self,
        access: FileAccess,
        path: &mut GuestPath,
        stopped: ResolveError,
    ) -> FsResult<()> {
        match stopped {
            ResolveError::Special(special) if special != path.special => {
                path.special = special;
                Ok(())
            }
            ResolveError::Special(special) => Err(self.refuse_special(access, path, special)),
            ResolveError::Link => Err(self.refuse(
                access,
                path,
                "leads through a link where grants differ by name",
            )),
            ResolveError::Outside => Err(self.refuse(
                access,
                path,
                "leads through a link, or out of its directory",
            )),
            ResolveError::Io(error) => self.record_refusal(access, path, Err(error.into())),
        }
    }

    fn refuse_special(
        &self,
        access: FileAccess,
        path: &GuestPath,
        special: SpecialFile,
    ) -> FsError {
        self.refuse_for(access, path, DenialReason::SpecialFile { special })
    }
}
