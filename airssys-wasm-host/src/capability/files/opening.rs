//! Opening something, and learning which file it is, in one trip to a blocking thread.
//!
//! Guests ask which file it is as soon as they have it: `fstat` of the C library does. It
//! never changes while it is open, so that the trip which opened it brings the answer.
//! Tests: the workspace's `tests/suite/capabilities/files`.

use std::io;

use futures_util::FutureExt;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::{Descriptor, Dir, File, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, HostDescriptor, MetadataHashValue, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

/// What is to be opened, and how.
pub(super) struct Opening {
    pub(super) directory: Descriptor,
    pub(super) name: String,
    pub(super) path_flags: PathFlags,
    pub(super) open_flags: OpenFlags,
    pub(super) flags: DescriptorFlags,
}

impl Opening {
    /// What wasmtime's own implementation opens, and which file that is.
    pub(super) async fn open(self) -> FsResult<(Descriptor, MetadataHashValue)> {
        tokio::task::spawn_blocking(move || self.open_here()).await.map_err(FsError::trap)?
    }

    /// May block.
    fn open_here(self) -> FsResult<(Descriptor, MetadataHashValue)> {
        let Self { directory, name, path_flags, open_flags, flags } = self;
        let (mut ctx, mut table) = (WasiFilesystemCtx::default(), ResourceTable::new());
        let directory = table.push(that_may_block(&directory)?)?;
        let mut view = WasiFilesystemCtxView { ctx: &mut ctx, table: &mut table };
        let opened = at_once(view.open_at(directory, path_flags, name, open_flags, flags))?;
        let opened = table.delete(opened)?;
        let same = table.push(that_may_block(&opened)?)?;
        let mut view = WasiFilesystemCtxView { ctx: &mut ctx, table: &mut table };
        Ok((opened, at_once(view.metadata_hash(same))?))
    }
}

/// The same, for use on a thread that may block: no operation waits for another thread.
fn that_may_block(open: &Descriptor) -> io::Result<Descriptor> {
    Ok(match open {
        Descriptor::File(open) => {
            Descriptor::File(File::new(open.file.try_clone()?, open.perms, open.open_mode, true))
        }
        Descriptor::Dir(open) => {
            Descriptor::Dir(Dir::new(open.dir.try_clone()?, open.perms, open.open_mode, true))
        }
    })
}

fn at_once<T>(operation: impl Future<Output = FsResult<T>>) -> FsResult<T> {
    let waits = || FsError::trap(io::Error::from(io::ErrorKind::WouldBlock));
    operation.now_or_never().unwrap_or_else(|| Err(waits()))
}
