//! The open descriptors of an instance.
//!
//! Keyed by the descriptor's `rep`. The store ensures that a guest uses only its own handles.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use std::sync::Arc;

use wasmtime::component::{Resource, ResourceTableError};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, MetadataHashValue};

use super::file_context::FileContext;
use super::instance_files::FilesView;
use super::path::GuestPath;
use super::permits::FilePermits;
use crate::budget::BudgetLease;

/// An open file or directory.
#[derive(Clone, Debug)]
pub(crate) struct OpenDescriptor {
    /// The index of the root that contains it.
    pub(super) root: usize,
    pub(super) path: GuestPath,
    pub(super) permits: FilePermits,
    /// The identity of the file, if it was read at open.
    pub(super) identity: Option<MetadataHashValue>,
    /// Counts the descriptor, even while only a stream uses it; `None` for a granted directory, and
    /// once it is closed.
    pub(super) lease: Option<Arc<BudgetLease>>,
    /// `true` once the file behind the handle was closed, because none of its permits holds.
    pub(super) is_closed: bool,
}

impl OpenDescriptor {
    /// Creates the descriptor of a granted directory, which is open already.
    pub(super) fn from_root(context: FileContext<'_>, index: usize) -> Self {
        let root = context.root(index);
        let permits = FilePermits::unrecorded(context, &root.path);
        Self {
            root: index,
            path: root.path.clone(),
            permits: if root.is_fine_grained() {
                permits
            } else {
                permits.through_symlinks(root.fine_grained_flag())
            },
            identity: None,
            lease: None,
            is_closed: false,
        }
    }

    /// Drops everything that the descriptor allows. The handle remains for the guest to drop.
    pub(super) fn close(&mut self) {
        self.permits = FilePermits::default();
        self.lease = None;
        self.is_closed = true;
    }

    /// Returns `true` for a FIFO or a device.
    pub(super) fn is_special(&self) -> bool {
        self.path.special.file_type.is_some()
    }
}

impl FilesView<'_> {
    pub(super) fn descriptor(&self, fd: &Resource<Descriptor>) -> FsResult<&OpenDescriptor> {
        self.files
            .open
            .get(&fd.rep())
            .ok_or_else(|| ErrorCode::BadDescriptor.into())
    }

    /// Adds a descriptor for the guest.
    pub(super) fn insert(
        &mut self,
        descriptor: Descriptor,
        opened: OpenDescriptor,
    ) -> Result<Resource<Descriptor>, ResourceTableError> {
        let fd = self.table.push(descriptor)?;
        self.files.open.insert(fd.rep(), opened);
        Ok(fd)
    }
}
