//! Listings of directories: only entries that may be read, and directories that lead to some.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use airssys_wasm_core::policy::FileAccess;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorType, DirectoryEntry, DirectoryEntryStream, ErrorCode, HostDescriptor,
    HostDirectoryEntryStream,
};

use super::descriptor_operation::DescriptorOperation;
use super::instance_files::FilesView;
use super::path::GuestPath;
use crate::capability::Permit;

/// A listing in progress.
#[derive(Clone)]
pub(super) struct DirectoryListing {
    directory: GuestPath,
    permit: Permit,
}

impl FilesView<'_> {
    /// Lists a directory. A guest that opened it to read asks again, so that the listing is
    /// recorded.
    pub(super) async fn list(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: DescriptorOperation<'_>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        let opened = self.descriptor(fd)?;
        if opened.permits.read.is_some() {
            self.context.ask(FileAccess::Read, &opened.path)?;
        }
        let listing = DirectoryListing {
            directory: opened.path.clone(),
            permit: operation.permit.clone(),
        };
        let entries = operation
            .run(async |mut files, fd| {
                let entries = files.read_directory(fd).await?;
                Ok(files.table.delete(entries)?)
            })
            .await?;
        let stream = self.table.push(entries)?;
        self.files.listings.insert(stream.rep(), listing);
        Ok(stream)
    }
}

impl HostDirectoryEntryStream for FilesView<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let Some(mut listing) = self.files.listings.get(&stream.rep()).cloned() else {
            return Err(ErrorCode::BadDescriptor.into());
        };
        let context = self.context;
        if !context
            .authority
            .still_allows(&mut listing.permit, context.call)
        {
            return Err(ErrorCode::NotPermitted.into());
        }
        loop {
            let same = Resource::new_borrow(stream.rep());
            let Some(entry) = self.inner().read_directory_entry(same).await? else {
                return Ok(None);
            };
            let path = listing.directory.entry(&entry.name);
            let leads_to_readable = entry.type_ == DescriptorType::Directory
                && context.would_allow(FileAccess::Traverse, &path);
            if leads_to_readable || context.would_allow(FileAccess::Read, &path) {
                return Ok(Some(entry));
            }
        }
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.files.listings.remove(&stream.rep());
        HostDirectoryEntryStream::drop(&mut self.inner(), stream)
    }
}
