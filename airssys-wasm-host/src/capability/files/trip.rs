//! Runs every operation of a guest that may block on a blocking thread of its deployment.
//!
//! If a path turns out to be special, asks for permission for its special properties and runs the
//! operation again.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files_special.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::{FileAccess, Reason, Special};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::types::PathFlags;
use wasmtime_wasi::p2::{FsError, FsResult};

use super::FilesView;
use super::inner::Inner;
use super::path::GuestPath;
use super::route::{Place, Route, Stopped};
use super::target::Target;

/// A resolved path for wasmtime's implementation: a directory handle, a name in it, and the flag
/// for following a link there.
pub(super) struct Spot {
    directory: Resource<Descriptor>,
    pub(super) name: String,
    pub(super) follow: PathFlags,
    pub(super) place: Place,
}

impl Spot {
    pub(super) fn directory(&self) -> Resource<Descriptor> {
        Resource::new_borrow(self.directory.rep())
    }

    /// Adds the directory of a place to the resource table of an implementation, with the
    /// permissions of `like`.
    pub(super) fn new(
        inner: &mut Inner,
        like: &Dir,
        place: Place,
        follow: PathFlags,
    ) -> FsResult<Self> {
        let mut dir = like.clone();
        dir.dir = Arc::clone(&place.directory);
        let directory = inner.put(Descriptor::Dir(dir))?;
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
    pub(super) async fn trip<T: Send + 'static>(
        &mut self,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> FsResult<T> {
        self.rooms
            .blocking
            .run(operation)
            .await
            .map_err(FsError::trap)
    }

    /// Runs an operation on an open descriptor.
    pub(super) async fn on<T: Send + 'static>(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: impl FnOnce(&mut Inner, Resource<Descriptor>) -> FsResult<T> + Send + 'static,
    ) -> FsResult<T> {
        let descriptor = self.table.get(fd)?.clone();
        self.trip(move || {
            let mut inner = Inner::default();
            let fd = inner.put(descriptor)?;
            operation(&mut inner, fd)
        })
        .await?
    }

    /// Runs an operation at the path of a target. Records a refusal.
    pub(super) async fn at<T: Send + 'static>(
        &mut self,
        target: &mut Target,
        follow: PathFlags,
        operation: impl Fn(&mut Inner, Spot) -> FsResult<T> + Clone + Send + 'static,
    ) -> FsResult<T> {
        loop {
            let (route, like, operation) = (
                target.route(follow),
                target.directory.clone(),
                operation.clone(),
            );
            let outcome = self.trip(move || {
                let place = route.resolve()?;
                let mut inner = Inner::default();
                Ok(Spot::new(&mut inner, &like, place, follow)
                    .and_then(|spot| operation(&mut inner, spot)))
            });
            match outcome.await? {
                Ok(outcome) => return self.recorded(target.access, &target.path, outcome),
                Err(stopped) => self.go_on(target.access, &mut target.path, stopped)?,
            }
        }
    }

    /// Resolves the path of a target, for an operation that needs the result before it starts.
    pub(super) async fn place(
        &mut self,
        target: &mut Target,
        follow: PathFlags,
    ) -> FsResult<Place> {
        loop {
            let route = target.route(follow);
            match self.trip(move || Route::resolve(&route)).await? {
                Ok(place) => return Ok(place),
                Err(stopped) => self.go_on(target.access, &mut target.path, stopped)?,
            }
        }
    }

    /// Asks for permission after resolution has stopped at something special. Fails if it stopped
    /// for another reason, or if the permission is denied.
    pub(super) fn go_on(
        &self,
        access: FileAccess,
        path: &mut GuestPath,
        stopped: Stopped,
    ) -> FsResult<()> {
        self.note_special(access, path, stopped)?;
        self.ask(access, path).map(drop)
    }

    /// Adds the special properties that stopped resolution to `path`. Fails if it stopped for
    /// another reason.
    pub(super) fn note_special(
        &self,
        access: FileAccess,
        path: &mut GuestPath,
        stopped: Stopped,
    ) -> FsResult<()> {
        match stopped {
            Stopped::AtSpecial(special) if special != path.special => {
                path.special = special;
                Ok(())
            }
            Stopped::AtSpecial(special) => Err(self.refuse_special(access, path, special)),
            Stopped::AtALink => Err(self.refuse(
                access,
                path,
                "leads through a link where grants differ by name",
            )),
            Stopped::Outside => Err(self.refuse(
                access,
                path,
                "leads through a link, or out of its directory",
            )),
            Stopped::At(error) => self.recorded(access, path, Err(error.into())),
        }
    }

    fn refuse_special(&self, access: FileAccess, path: &GuestPath, special: Special) -> FsError {
        self.refuse_for(access, path, Reason::SpecialFile { special })
    }
}
