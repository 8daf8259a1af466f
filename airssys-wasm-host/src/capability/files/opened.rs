//! What an instance has open, and what each may be used for.
//!
//! By the number that the guest knows a handle by; whose that is, is the store's
//! affair. Tests: through `view`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use airssys_wasm_core::policy::FileAccess;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, MetadataHashValue};

use super::FilesView;
use super::path::GuestPath;
use crate::budget::Lease;
use crate::capability::Permit;
use crate::capability::descriptor::take_descriptor;

/// A file or directory that is open.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// Which of the roots it lies in.
    pub(super) root: usize,
    pub(super) path: GuestPath,
    /// What was allowed when it was opened; none for what was not asked for.
    pub(super) permits: Permits,
    /// Which file it is, if that was learned when it was opened.
    pub(super) identity: Option<MetadataHashValue>,
    /// Counts its descriptor, also while a stream has it; none for a directory that was granted.
    pub(super) lease: Option<Arc<Lease>>,
}

/// A permit for each use.
#[derive(Clone, Debug, Default)]
pub(super) struct Permits {
    /// Read it, or list it whole.
    pub(super) read: Option<Permit>,
    /// Write it anywhere.
    pub(super) write: Option<Permit>,
    /// Write at its end.
    pub(super) append: Option<Permit>,
    /// Know of it: its size, or the entries that may be known of.
    pub(super) look: Option<Permit>,
}

impl FilesView<'_> {
    pub(super) fn opened(&self, fd: &Resource<Descriptor>) -> FsResult<&Opened> {
        self.files
            .open
            .get(&fd.rep())
            .ok_or_else(|| ErrorCode::BadDescriptor.into())
    }

    pub(super) fn note(
        &mut self,
        fd: &Resource<Descriptor>,
        (root, path): (usize, GuestPath),
        permits: Permits,
        identity: Option<MetadataHashValue>,
        lease: Option<Lease>,
    ) {
        let place = &self.rooms.files.all[root];
        let permits = if place.is_fine() {
            permits
        } else {
            permits.by_any_link(place.fineness())
        };
        let lease = lease.map(Arc::new);
        self.files.open.insert(
            fd.rep(),
            Opened {
                root,
                path,
                permits,
                identity,
                lease,
            },
        );
    }

    /// Takes a descriptor for what is to be opened.
    pub(super) fn lease(&self, access: FileAccess, path: &GuestPath) -> FsResult<Lease> {
        let operation = path.operation(access);
        let lease = take_descriptor(&self.rooms.share, self.authority, &operation, self.call);
        lease.ok_or_else(|| ErrorCode::Quota.into())
    }
}

impl Permits {
    /// The same for something that links may have led to.
    pub(super) fn by_any_link(self, ended: &Arc<AtomicBool>) -> Self {
        let mark = |permit: Option<Permit>| permit.map(|permit| permit.by_any_link(ended));
        let Self {
            read,
            write,
            append,
            look,
        } = self;
        Self {
            read: mark(read),
            write: mark(write),
            append: mark(append),
            look: mark(look),
        }
    }

    /// Whichever lets one know of it.
    pub(super) fn any(&mut self) -> Option<&mut Permit> {
        let Self {
            read,
            write,
            append,
            look,
        } = self;
        read.as_mut()
            .or(write.as_mut())
            .or(append.as_mut())
            .or(look.as_mut())
    }
}
