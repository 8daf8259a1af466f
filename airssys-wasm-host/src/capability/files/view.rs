//! `wasi:filesystem`, with a check before each operation.
//!
//! wasmtime's implementation does the work, on a blocking thread; it receives a directory and a
//! name that cannot lead elsewhere. The open descriptors of a guest are recorded only in
//! `descriptor`, and removed only in `HostDescriptor::drop`.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use airssys_wasm_core::policy::FileAccess;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntryStream, ErrorCode,
    Filesize, HostDescriptor, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::descriptor::OpenDescriptor;
use super::instance_files::FilesView;
use super::open_at::GuestOpenFlags;
use super::output::WritePosition;
use super::permits::FileUse;
use super::unlink_guard::UnlinkGuard;
use super::wasi_filesystem::{WasiFilesystem, complete_now};

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let context = self.context;
        let mut directories = Vec::new();
        for (index, root) in context.revision.roots.all.iter().enumerate() {
            let opened = OpenDescriptor::from_root(context, index);
            let fd = self.insert(Descriptor::Dir(root.dir.clone()), opened)?;
            directories.push((fd, root.path.as_str().to_owned()));
        }
        Ok(directories)
    }
}

impl types::Host for FilesView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.inner().convert_error_code(error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        self.inner().filesystem_error_code(error)
    }
}

impl HostDescriptor for FilesView<'_> {
    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
        len: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        self.begin(&fd, FileUse::Metadata)?
            .run(async move |mut files, fd| files.advise(fd, offset, len, advice).await)
            .await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.begin(&fd, FileUse::Metadata)?
            .run(async |mut files, fd| files.sync_data(fd).await)
            .await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.begin(&fd, FileUse::Metadata)?
            .run(async |mut files, fd| files.sync(fd).await)
            .await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        let operation = self.begin(&fd, FileUse::Metadata)?;
        // The system stores the flags with the descriptor, so that no file system is accessed.
        let mut files = WasiFilesystem::default();
        let fd = files.insert(operation.descriptor)?;
        complete_now(files.view().get_flags(fd))
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        let operation = self.begin(&fd, FileUse::Metadata)?;
        match operation.descriptor {
            Descriptor::Dir(_) => Ok(DescriptorType::Directory),
            Descriptor::File(_) if cfg!(unix) && !self.descriptor(&fd)?.is_special() => {
                Ok(DescriptorType::RegularFile)
            }
            Descriptor::File(_) => {
                operation
                    .run(async |mut files, fd| files.get_type(fd).await)
                    .await
            }
        }
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        self.begin(&fd, FileUse::Metadata)?
            .run(async |mut files, fd| files.stat(fd).await)
            .await
    }

    async fn is_same_object(
        &mut self,
        a: Resource<Descriptor>,
        b: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        let Ok(a) = self.begin(&a, FileUse::Metadata) else {
            return Ok(false);
        };
        let Ok(b) = self.begin(&b, FileUse::Metadata) else {
            return Ok(false);
        };
        let is_same = a.run(async move |mut files, a| {
            let b = files.table.push(b.descriptor)?;
            files.is_same_object(a, b).await.map_err(FsError::trap)
        });
        Ok(is_same.await?)
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        let operation = self.begin(&fd, FileUse::Metadata)?;
        match self.descriptor(&fd)?.identity {
            Some(identity) => Ok(identity),
            None => {
                operation
                    .run(async |mut files, fd| files.metadata_hash(fd).await)
                    .await
            }
        }
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let operation = self.begin(&fd, FileUse::Write)?;
        operation.charge(size, 0).await?;
        operation
            .run(async move |mut files, fd| files.set_size(fd, size).await)
            .await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        atim: NewTimestamp,
        mtim: NewTimestamp,
    ) -> FsResult<()> {
        self.begin_asking(&fd, FileAccess::Write)?
            .run(async move |mut files, fd| files.set_times(fd, atim, mtim).await)
            .await
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        len: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.begin(&fd, FileUse::Read)?
            .run(async move |mut files, fd| files.read(fd, len, offset).await)
            .await
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        let operation = self.begin(&fd, FileUse::Write)?;
        let length = bytes.len() as u64;
        operation
            .charge(offset.saturating_add(length), length)
            .await?;
        operation
            .run(async move |mut files, fd| files.write(fd, bytes, offset).await)
            .await
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let operation = self.begin(&fd, FileUse::Read)?;
        self.input_stream(&fd, operation, offset)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let operation = self.begin(&fd, FileUse::Write)?;
        self.output_stream(&fd, operation, WritePosition::At(offset))
    }

    fn append_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let operation = self.begin(&fd, FileUse::Append)?;
        self.output_stream(&fd, operation, WritePosition::End)
    }

    async fn read_directory(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        let operation = self.begin(&fd, FileUse::List)?;
        self.list(&fd, operation).await
    }

    async fn create_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.begin_at(&fd, path, FileAccess::Write)?
            .run(PathFlags::empty(), async |mut files, entry| {
                files.create_directory_at(entry.directory, entry.name).await
            })
            .await
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        let mut target = self.target(&fd, path, FileAccess::Stat)?;
        if !target.would_allow(FileAccess::Stat) {
            target.access = FileAccess::Traverse;
        }
        let mut operation = target.ask()?.begin()?;
        let stat = operation
            .run(flags, async |mut files, entry| {
                files
                    .stat_at(entry.directory, entry.follow, entry.name)
                    .await
            })
            .await?;
        // A path that may only be walked through must be a directory; otherwise it stays hidden.
        let target = operation.target;
        if target.access == FileAccess::Traverse && stat.type_ != DescriptorType::Directory {
            self.context.ask(FileAccess::Stat, &target.path)?;
        }
        Ok(stat)
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        atim: NewTimestamp,
        mtim: NewTimestamp,
    ) -> FsResult<()> {
        self.begin_at(&fd, path, FileAccess::Write)?
            .run(flags, async move |mut files, entry| {
                files
                    .set_times_at(entry.directory, entry.follow, entry.name, atim, mtim)
                    .await
            })
            .await
    }

    /// Creates a hard link only where all names have the same grants, because other grants could
    /// apply to the new name.
    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let (old, new) = self.ask_for_both((&fd, path), (&new_fd, new_path))?;
        if new.is_in_other_root(&old) || old.is_fine_grained() {
            return Err(new.refuse("a link where grants differ by path"));
        }
        let (old, new) = (old.begin_while_uniform()?, new.begin_while_uniform()?);
        let old = old.resolve(flags).await?;
        let new = new.resolve(PathFlags::empty()).await?;
        old.run_to(new, async move |mut files, old, new| {
            files
                .link_at(old.directory, flags, old.name, new.directory, new.name)
                .await
        })
        .await
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let access = if flags.contains(DescriptorFlags::WRITE) {
            FileAccess::Write
        } else {
            FileAccess::Read
        };
        let flags = GuestOpenFlags {
            path: path_flags,
            open: open_flags,
            descriptor: flags,
        };
        let operation = self.target(&fd, path, access)?.ask_to_open(flags)?;
        let (descriptor, opened) = operation.run().await?;
        Ok(self.insert(descriptor, opened)?)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.files.open.remove(&fd.rep());
        HostDescriptor::drop(&mut self.inner(), fd)
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        let mut operation = self.begin_at(&fd, path, FileAccess::Read)?;
        let target = operation.run(PathFlags::empty(), async |mut files, entry| {
            match files.readlink_at(entry.directory, entry.name).await {
                Err(error) if matches!(error.downcast_ref(), Some(ErrorCode::NotPermitted)) => {
                    Ok(None)
                }
                target => target.map(Some),
            }
        });
        let target = target.await?;
        target.ok_or_else(|| {
            operation
                .target
                .refuse("is a symbolic link to an absolute path")
        })
    }

    async fn remove_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.begin_at(&fd, path, FileAccess::Write)?
            .run(PathFlags::empty(), async |mut files, entry| {
                files.remove_directory_at(entry.directory, entry.name).await
            })
            .await
    }

    /// Renames a directory only where every name in it has the same grants before and after.
    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let (old, new) = self.ask_for_both((&fd, path), (&new_fd, new_path))?;
        if new.is_in_other_root(&old) {
            return Err(new.refuse("a rename from one granted directory to another"));
        }
        let (old, new) = (old.begin()?, new.begin()?);
        let old = old.resolve(PathFlags::empty()).await?;
        let check = old.rename_check(&new);
        let has_quota = new.has_quota();
        let new = new.resolve(PathFlags::empty()).await?;
        old.run_to(new, async move |mut files, old, new| {
            // Here rather than before, because grants may change until the rename starts.
            check.verify()?;
            let _replaced = has_quota.then(|| UnlinkGuard::open(&new.path));
            files
                .rename_at(old.directory, old.name, new.directory, new.name)
                .await
        })
        .await
    }

    /// Creates a symbolic link only where all names have the same grants, because its target has
    /// another name.
    async fn symlink_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        path: String,
    ) -> FsResult<()> {
        let link = self.target(&fd, path, FileAccess::Write)?.ask()?;
        if link.is_fine_grained() {
            return Err(link.refuse("a link where grants differ by path"));
        }
        // Downwards only, because links that lead up could be combined to lead out.
        if old_path.starts_with('/') || old_path.split('/').any(|name| name == "..") {
            return Err(link.refuse("a link that leads up"));
        }
        link.begin_while_uniform()?
            .run(PathFlags::empty(), async move |mut files, entry| {
                files
                    .symlink_at(entry.directory, old_path, entry.name)
                    .await
            })
            .await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let mut operation = self.begin_at(&fd, path, FileAccess::Write)?;
        let has_quota = operation.has_quota();
        operation
            .run(PathFlags::empty(), async move |mut files, entry| {
                let _removed = has_quota.then(|| UnlinkGuard::open(&entry.path));
                files.unlink_file_at(entry.directory, entry.name).await
            })
            .await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        self.begin_at(&fd, path, FileAccess::Stat)?
            .run(flags, async |mut files, entry| {
                files
                    .metadata_hash_at(entry.directory, entry.follow, entry.name)
                    .await
            })
            .await
    }
}
