//! wasmtime's own implementation of `wasi:filesystem`, for one operation on a thread that may
//! block.
//!
//! Every descriptor of an instance says that it may block the thread it is used on, and this is
//! the only place where one is used so. Tests: through `view`.

use std::io;

use futures_util::FutureExt;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::{FsError, FsResult};

/// The implementation, with handles of its own.
#[derive(Default)]
pub(super) struct Inner {
    ctx: WasiFilesystemCtx,
    table: ResourceTable,
}

impl Inner {
    pub(super) fn put(&mut self, descriptor: Descriptor) -> FsResult<Resource<Descriptor>> {
        Ok(self.table.push(descriptor)?)
    }

    pub(super) fn take<T: Send + 'static>(&mut self, handle: Resource<T>) -> FsResult<T> {
        Ok(self.table.delete(handle)?)
    }

    pub(super) fn view(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView {
            ctx: &mut self.ctx,
            table: &mut self.table,
        }
    }
}

/// The outcome of an operation that does not wait for another thread.
pub(super) fn at_once<T>(operation: impl Future<Output = FsResult<T>>) -> FsResult<T> {
    let waits = || FsError::trap(io::Error::from(io::ErrorKind::WouldBlock));
    operation.now_or_never().unwrap_or_else(|| Err(waits()))
}
