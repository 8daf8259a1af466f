//! An operation on an open descriptor, from the check of its permit to its result.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/revoke.rs`.

use airssys_wasm_core::policy::FileAccess;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, File, WasiFilesystemCtxView};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::file_context::FileContext;
use super::instance_files::FilesView;
use super::permits::FileUse;
use super::wasi_filesystem::{WasiFilesystem, complete_now};
use crate::capability::Permit;

/// An operation on a descriptor that its permit allows.
#[must_use = "the operation has not run yet"]
pub(super) struct DescriptorOperation<'a> {
    pub(super) context: FileContext<'a>,
    pub(super) descriptor: Descriptor,
    pub(super) permit: Permit,
    /// The permit of the open descriptor, if the operation has one of its own.
    opened_under: Option<Permit>,
}

impl<'a> FilesView<'a> {
    /// Begins an operation on a descriptor: checks that a permit for it still holds. If none of the
    /// descriptor's permits does, closes the file. Fails for a use that it was not opened for, with
    /// the decision on record.
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
        let mut ended = None;
        for permit in opened.permits.permits_mut(file_use) {
            match context.authority.renew(permit) {
                Ok(()) => {
                    return Ok(DescriptorOperation {
                        context,
                        permit: permit.clone(),
                        descriptor: self.table.get(fd)?.clone(),
                        opened_under: None,
                    });
                }
                Err(reason) => ended = ended.or(Some((permit.operation().clone(), reason))),
            }
        }
        let Some((operation, reason)) = ended else {
            context.ask(file_use.access(), &opened.path)?;
            return Err(ErrorCode::BadDescriptor.into());
        };
        let denied = context.refuse(&operation, *reason);
        self.close_if_unusable(fd)?;
        Err(denied)
    }

    /// Begins an operation that needs a permit of its own, because a descriptor is not opened for
    /// it: checks that the descriptor may still be used, asks, and records the answer.
    pub(super) fn begin_asking(
        &mut self,
        fd: &Resource<Descriptor>,
        access: FileAccess,
    ) -> FsResult<DescriptorOperation<'a>> {
        let operation = self.begin(fd, FileUse::Metadata)?;
        let permit = self.context.ask(access, &self.descriptor(fd)?.path)?;
        Ok(DescriptorOperation {
            permit,
            opened_under: Some(operation.permit),
            ..operation
        })
    }

    /// Closes the file or directory behind a handle if none of its permits holds. The handle itself
    /// remains for the guest to drop, and refers to the granted directory, which is open anyway and
    /// which no operation reaches through a closed handle.
    fn close_if_unusable(&mut self, fd: &Resource<Descriptor>) -> FsResult<()> {
        let context = self.context;
        let opened = self
            .files
            .open
            .get_mut(&fd.rep())
            .ok_or(ErrorCode::BadDescriptor)?;
        let root = context.root(opened.root);
        let descriptor = self.table.get_mut(fd)?;
        // Where symbolic links are followed, paths are resolved from the directory itself.
        let is_start_of_paths = matches!(descriptor, Descriptor::Dir(_))
            && !root.is_fine_grained()
            && context.may_reach(&opened.path);
        let is_granted_directory = opened.lease.is_none();
        if !is_granted_directory
            && !is_start_of_paths
            && !opened.permits.still_hold(context.authority)
        {
            opened.close();
            *descriptor = Descriptor::Dir(root.dir.clone());
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

    /// Returns the permits that must hold when the operation starts.
    pub(super) fn permits(&self) -> Vec<Permit> {
        let opened_under = self.opened_under.iter();
        opened_under.chain([&self.permit]).cloned().collect()
    }

    /// Runs the operation on a blocking thread, with wasmtime's implementation.
    pub(super) async fn run<T: Send + 'static>(
        self,
        operation: impl AsyncFnOnce(WasiFilesystemCtxView<'_>, Resource<Descriptor>) -> FsResult<T>
        + Send
        + 'static,
    ) -> FsResult<T> {
        let permits = self.permits();
        let descriptor = self.descriptor;
        let run = move || {
            let mut files = WasiFilesystem::default();
            let fd = files.insert(descriptor)?;
            complete_now(operation(files.view(), fd))
        };
        self.context.run_blocking(permits, run).await?
    }
}
