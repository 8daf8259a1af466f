//! An operation on an open descriptor, from the check of its permit to its result.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/revoke.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::FileAccess;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, File, WasiFilesystemCtxView};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::FilesView;
use super::context::FileContext;
use super::permits::FileUse;
use super::wasi_filesystem::{WasiFilesystem, complete_now};
use crate::capability::Permit;

/// An operation on a descriptor that its permit allows.
#[must_use = "the operation has not run yet"]
pub(super) struct DescriptorOperation<'a> {
    pub(super) context: FileContext<'a>,
    pub(super) descriptor: Descriptor,
    pub(super) permit: Permit,
}

impl<'a> FilesView<'a> {
    /// Begins an operation on a descriptor: checks that its permit still holds, and closes the file
    /// if not. Fails for a use that it was not opened for, with the decision on record.
    pub(super) fn begin(
        &mut self,
        fd: &Resource<Descriptor>,
        file_use: FileUse,
    ) -> FsResult<DescriptorOperation<'a>> {
        let context = self.context;
        let opened = self
            .files
            .open
            .get_mut(&fd.rep())
            .ok_or(ErrorCode::BadDescriptor)?;
        let Some(permit) = opened.permits.permit_mut(file_use) else {
            context.ask(file_use.access(), &opened.path)?;
            return Err(ErrorCode::BadDescriptor.into());
        };
        if !context.authority.still_allows(permit, context.call) {
            self.close(fd)?;
            return Err(ErrorCode::NotPermitted.into());
        }
        Ok(DescriptorOperation {
            context,
            permit: permit.clone(),
            descriptor: self.table.get(fd)?.clone(),
        })
    }

    /// Begins an operation that needs a permit of its own, because a descriptor is not opened for
    /// it: asks, and records the answer.
    pub(super) fn begin_asking(
        &self,
        fd: &Resource<Descriptor>,
        access: FileAccess,
    ) -> FsResult<DescriptorOperation<'a>> {
        Ok(DescriptorOperation {
            context: self.context,
            permit: self.context.ask(access, &self.descriptor(fd)?.path)?,
            descriptor: self.table.get(fd)?.clone(),
        })
    }

    /// Closes the file behind a handle. The handle itself remains for the guest to drop.
    fn close(&mut self, fd: &Resource<Descriptor>) -> FsResult<()> {
        if let Descriptor::File(file) = self.table.get_mut(fd)? {
            file.file = Arc::new(empty_file()?);
        }
        Ok(())
    }
}

impl DescriptorOperation<'_> {
    /// Returns the file of the descriptor. Fails if it is a directory.
    pub(super) fn file(&self) -> FsResult<&File> {
        match &self.descriptor {
            Descriptor::File(file) => Ok(file),
            Descriptor::Dir(_) => Err(ErrorCode::IsDirectory.into()),
        }
    }

    /// Runs the operation on a blocking thread, with wasmtime's implementation.
    pub(super) async fn run<T: Send + 'static>(
        self,
        operation: impl AsyncFnOnce(WasiFilesystemCtxView<'_>, Resource<Descriptor>) -> FsResult<T>
        + Send
        + 'static,
    ) -> FsResult<T> {
        let descriptor = self.descriptor;
        let run = move || {
            let mut files = WasiFilesystem::default();
            let fd = files.insert(descriptor)?;
            complete_now(operation(files.view(), fd))
        };
        self.context.run_blocking(run).await?
    }
}

/// Opens an empty file, which replaces a closed one.
fn empty_file() -> std::io::Result<std::fs::File> {
    std::fs::File::open(if cfg!(windows) { "NUL" } else { "/dev/null" })
}
