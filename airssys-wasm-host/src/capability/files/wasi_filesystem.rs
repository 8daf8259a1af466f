//! wasmtime's implementation of `wasi:filesystem`, for a single operation on a blocking thread.
//!
//! Every descriptor of an instance is marked as allowed to block its current thread. Only
//! operations here use that permission.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use std::io;

use futures_util::FutureExt;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::{FsError, FsResult};

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

/// Returns the outcome of an operation that completes without waiting; traps if it waits.
pub(super) fn complete_now<T>(operation: impl Future<Output = FsResult<T>>) -> FsResult<T> {
    let waits = || FsError::trap(io::Error::from(io::ErrorKind::WouldBlock));
    operation.now_or_never().unwrap_or_else(|| Err(waits()))
}
