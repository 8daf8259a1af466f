//! The files of an instance: its open descriptors, and the view of them during a call.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::filesystem::{WasiFilesystemCtx, WasiFilesystemCtxView};

use super::Files;
use super::descriptor::OpenDescriptor;
use super::file_context::FileContext;
use super::listing::DirectoryListing;
use super::open::FilesState;
use crate::capability::contract::Caller;
use crate::instance::InstanceState;

/// The open descriptors of an instance.
#[derive(Default)]
pub(super) struct OpenFiles {
    inner: WasiFilesystemCtx,
    pub(super) open: HashMap<u32, OpenDescriptor>,
    pub(super) listings: HashMap<u32, DirectoryListing>,
}

/// The files of an instance.
pub(in crate::capability) struct InstanceFiles {
    revision: Arc<FilesState>,
    caller: Caller,
    open: OpenFiles,
}

impl InstanceFiles {
    pub(super) fn new(revision: &Arc<FilesState>, caller: &Caller) -> Self {
        Self {
            revision: Arc::clone(revision),
            caller: caller.clone(),
            open: OpenFiles::default(),
        }
    }
}

/// The part of an instance that this capability uses.
pub(in crate::capability) struct FilesView<'a> {
    pub(super) files: &'a mut OpenFiles,
    pub(super) table: &'a mut ResourceTable,
    pub(super) context: FileContext<'a>,
}

/// Returns the files of an instance during a call.
pub(super) fn view(state: &mut InstanceState) -> FilesView<'_> {
    let (files, table) = state.slot_and_table::<InstanceFiles>();
    FilesView {
        files: &mut files.open,
        table,
        context: FileContext {
            authority: &files.caller.authority,
            revision: &files.revision,
            call: files.caller.call(),
        },
    }
}

impl HasData for Files {
    type Data<'a> = FilesView<'a>;
}

impl FilesView<'_> {
    /// Returns wasmtime's own view, which has no directories.
    pub(super) fn inner(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView {
            ctx: &mut self.files.inner,
            table: &mut *self.table,
        }
    }
}
