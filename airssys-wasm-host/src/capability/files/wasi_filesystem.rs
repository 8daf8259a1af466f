//! wasmtime's implementation of `wasi:filesystem`, for a single operation on a blocking thread.
//!
//! Every descriptor of an instance is marked as allowed to block its current thread. Only
//! operations here use that permission.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, Dir, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::PathFlags;
use wasmtime_wasi::p2::{FsError, FsResult};

use super::resolution::ResolvedPath;

/// wasmtime's implementation, with a resource table of its own.
#[derive(Default)]
pub(super) struct WasiFilesystem {
    ctx: WasiFilesystemCtx,
    table: ResourceTable,
}

impl WasiFilesystem {
    pub(super) fn insert(&mut self, descriptor: Descriptor) -> FsResult<Resource<Descriptor>> {
        Ok(self.table.push(descriptor)?)
    }

    pub(super) fn remove<T: Send + 'static>(&mut self, handle: Resource<T>) -> FsResult<T> {
        Ok(self.table.delete(handle)?)
    }

    pub(super) fn view(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView {
            ctx: &mut self.ctx,
            table: &mut self.table,
        }
    }
}

/// A resolved path for wasmtime's implementation.
pub(super) struct ResolvedEntry {
    /// A handle in the resource table of the implementation.
    pub(super) directory: Resource<Descriptor>,
    /// A single name in the directory.
    pub(super) name: String,
    /// The flag for following a link at the name.
    pub(super) follow: PathFlags,
    pub(super) path: ResolvedPath,
}

impl ResolvedEntry {
    /// Adds the directory of a path to the resource table, with the permissions of the directory
    /// that resolution started from.
    pub(super) fn new(
        files: &mut WasiFilesystem,
        start: &Dir,
        path: ResolvedPath,
        follow: PathFlags,
    ) -> FsResult<Self> {
        let mut directory = start.clone();
        directory.dir = Arc::clone(&path.directory);
        // A resolved path does not end in a link that must be followed.
        let follow = if cfg!(unix) {
            PathFlags::empty()
        } else {
            follow
        };
        Ok(Self {
            directory: files.insert(Descriptor::Dir(directory))?,
            name: path.name.clone(),
            follow,
            path,
        })
    }
}

/// Returns the outcome of an operation that completes without waiting; traps if it waits.
pub(super) fn complete_now<T>(operation: impl Future<Output = FsResult<T>>) -> FsResult<T> {
    let waits = || FsError::trap(io::Error::from(io::ErrorKind::WouldBlock));
    operation.now_or_never().unwrap_or_else(|| Err(waits()))
}
