//! The open descriptors of an instance, and their permits.
//!
//! Keyed by the descriptor's `rep`. The store ensures that a guest uses only its own handles.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use airssys_wasm_core::policy::FileAccess;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, MetadataHashValue};

use super::FilesView;
use super::path::GuestPath;
use crate::budget::BudgetLease;
use crate::capability::Permit;
use crate::capability::descriptor::take_descriptor;

/// An open file or directory.
#[derive(Clone, Debug)]
pub(crate) struct OpenDescriptor {
    /// The index of the root that contains it.
    pub(super) root: usize,
    pub(super) path: GuestPath,
    /// The permits given at open; `None` for uses that were not requested.
    pub(super) permits: FilePermits,
    /// The identity of the file, if it was read at open.
    pub(super) identity: Option<MetadataHashValue>,
    /// Counts the descriptor, even while only a stream uses it; `None` for a granted directory.
    pub(super) lease: Option<Arc<BudgetLease>>,
}

/// The permits of a descriptor, by use.
#[derive(Clone, Debug, Default)]
pub(super) struct FilePermits {
    /// The permit to read the file, or to list the whole directory.
    pub(super) read: Option<Permit>,
    /// The permit to write anywhere in the file.
    pub(super) write: Option<Permit>,
    /// The permit to write at the end of the file.
    pub(super) append: Option<Permit>,
    /// The permit to read metadata, or to list the entries that may be seen.
    pub(super) metadata: Option<Permit>,
}

impl FilesView<'_> {
    pub(super) fn descriptor(&self, fd: &Resource<Descriptor>) -> FsResult<&OpenDescriptor> {
        self.files
            .open
            .get(&fd.rep())
            .ok_or_else(|| ErrorCode::BadDescriptor.into())
    }

    pub(super) fn record_open(
        &mut self,
        fd: &Resource<Descriptor>,
        (root, path): (usize, GuestPath),
        permits: FilePermits,
        identity: Option<MetadataHashValue>,
        lease: Option<BudgetLease>,
    ) {
        let place = &self.revision.roots.all[root];
        let permits = if place.is_fine_grained() {
            permits
        } else {
            permits.opened_through_links(place.fine_grained_flag())
        };
        let lease = lease.map(Arc::new);
        self.files.open.insert(
            fd.rep(),
            OpenDescriptor {
                root,
                path,
                permits,
                identity,
                lease,
            },
        );
    }

    /// Takes a descriptor for a file that is about to be opened.
    pub(super) fn take_lease(&self, access: FileAccess, path: &GuestPath) -> FsResult<BudgetLease> {
        let operation = path.operation(access);
        let lease = take_descriptor(&self.revision.share, self.authority, &operation, self.call);
        lease.ok_or_else(|| ErrorCode::Quota.into())
    }
}

impl FilePermits {
    /// Marks the permits as those of a file that links may have led to.
    pub(super) fn opened_through_links(self, ended: &Arc<AtomicBool>) -> Self {
        let mark = |permit: Option<Permit>| permit.map(|permit| permit.opened_through_links(ended));
        let Self {
            read,
            write,
            append,
            metadata,
        } = self;
        Self {
            read: mark(read),
            write: mark(write),
            append: mark(append),
            metadata: mark(metadata),
        }
    }

    /// Returns any permit, as each one includes reading the metadata.
    pub(super) fn any_mut(&mut self) -> Option<&mut Permit> {
        let Self {
            read,
            write,
            append,
            metadata,
        } = self;
        read.as_mut()
            .or(write.as_mut())
            .or(append.as_mut())
            .or(metadata.as_mut())
    }
}
