//! `wasi:filesystem`, with a check before each operation.
//!
//! wasmtime's implementation does the work, on a blocking thread; it receives a directory and a
//! name that cannot lead elsewhere. The open descriptors of a guest are recorded only in
//! `descriptor::record_open`, and removed only in `HostDescriptor::drop`.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use airssys_wasm_core::policy::FileAccess;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, Filesize, HostDescriptor, HostDirectoryEntryStream,
    MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::Files;
use super::blocking_call::ResolvedEntry;
use super::descriptor::{FilePermits, OpenDescriptor};
use super::input::FileInput;
use super::open::FilesState;
use super::output::WritePosition;
use super::path::GuestPath;
use super::unlink_guard::UnlinkGuard;
use super::wasi_filesystem::{WasiFilesystem, complete_now};
use crate::capability::contract::Caller;
use crate::capability::stream::{ReadWait, guard_input};
use crate::capability::{Authority, Permit};
use crate::instance::InstanceState;
use crate::observe::CallId;

/// The open descriptors of an instance.
#[derive(Default)]
pub(super) struct OpenFiles {
    inner: WasiFilesystemCtx,
    pub(super) open: HashMap<u32, OpenDescriptor>,
    /// The listings in progress: the directory of each, and the permit for it.
    listings: HashMap<u32, (GuestPath, Permit)>,
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
pub(super) fn view(state: &mut InstanceState) -> FilesView<'_> {
    let (files, table) = state.slot_and_table::<InstanceFiles>();
    FilesView {
        files: &mut files.open,
        table,
        authority: &files.caller.authority,
        revision: &files.revision,
        call: files.caller.call(),
    }
}

pub(in crate::capability) struct FilesView<'a> {
    pub(super) files: &'a mut OpenFiles,
    pub(super) table: &'a mut ResourceTable,
    pub(super) authority: &'a Arc<Authority>,
    pub(super) revision: &'a FilesState,
    pub(super) call: CallId,
}

impl HasData for Files {
    type Data<'a> = FilesView<'a>;
}

impl FilesView<'_> {
    pub(super) fn inner(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView {
            ctx: &mut self.files.inner,
            table: &mut *self.table,
        }
    }
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let revision = self.revision;
        let mut directories = Vec::new();
        for (index, root) in revision.roots.all.iter().enumerate() {
            let permits = self.unrecorded_permits(&root.path);
            let fd = self.table.push(Descriptor::Dir(root.dir.clone()))?;
            self.record_open(&fd, (index, root.path.clone()), permits, None, None);
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
        self.check_permit(&fd, FileAccess::Stat, FilePermits::any_mut)?;
        self.run_on_descriptor(&fd, move |inner, fd| {
            complete_now(inner.view().advise(fd, offset, len, advice))
        })
        .await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.check_permit(&fd, FileAccess::Stat, FilePermits::any_mut)?;
        self.run_on_descriptor(&fd, |inner, fd| complete_now(inner.view().sync_data(fd)))
            .await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.check_permit(&fd, FileAccess::Stat, FilePermits::any_mut)?;
        self.run_on_descriptor(&fd, |inner, fd| complete_now(inner.view().sync(fd)))
            .await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.check_permit(&fd, FileAccess::Stat, FilePermits::any_mut)?;
        // The system stores the flags with the descriptor, so that no file system is accessed.
        let mut inner = WasiFilesystem::default();
        let fd = inner.insert(self.table.get(&fd)?.clone())?;
        complete_now(inner.view().get_flags(fd))
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        self.check_permit(&fd, FileAccess::Stat, FilePermits::any_mut)?;
        let is_special = self.descriptor(&fd)?.path.special.file_type.is_some();
        match self.table.get(&fd)? {
            Descriptor::Dir(_) => Ok(DescriptorType::Directory),
            Descriptor::File(_) if !is_special && cfg!(unix) => Ok(DescriptorType::RegularFile),
            Descriptor::File(_) => {
                self.run_on_descriptor(&fd, |inner, fd| complete_now(inner.view().get_type(fd)))
                    .await
            }
        }
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        self.check_permit(&fd, FileAccess::Stat, FilePermits::any_mut)?;
        self.run_on_descriptor(&fd, |inner, fd| complete_now(inner.view().stat(fd)))
            .await
    }

    async fn is_same_object(
        &mut self,
        a: Resource<Descriptor>,
        b: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        for one in [&a, &b] {
            if self
                .check_permit(one, FileAccess::Stat, FilePermits::any_mut)
                .is_err()
            {
                return Ok(false);
            }
        }
        let b = self.table.get(&b)?.clone();
        let same = self.run_on_descriptor(&a, move |inner, a| {
            let b = inner.insert(b)?;
            complete_now(async {
                inner
                    .view()
                    .is_same_object(a, b)
                    .await
                    .map_err(FsError::trap)
            })
        });
        Ok(same.await?)
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        self.check_permit(&fd, FileAccess::Stat, FilePermits::any_mut)?;
        match self.descriptor(&fd)?.identity {
            Some(identity) => Ok(identity),
            None => {
                self.run_on_descriptor(&fd, |inner, fd| {
                    complete_now(inner.view().metadata_hash(fd))
                })
                .await
            }
        }
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let permit = self.check_permit(&fd, FileAccess::Write, |permits| permits.write.as_mut())?;
        self.charge(&fd, &permit, size, 0).await?;
        self.run_on_descriptor(&fd, move |inner, fd| {
            complete_now(inner.view().set_size(fd, size))
        })
        .await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        atim: NewTimestamp,
        mtim: NewTimestamp,
    ) -> FsResult<()> {
        let opened = self.descriptor(&fd)?;
        self.ask(FileAccess::Write, &opened.path)?;
        self.run_on_descriptor(&fd, move |inner, fd| {
            complete_now(inner.view().set_times(fd, atim, mtim))
        })
        .await
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        len: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.check_permit(&fd, FileAccess::Read, |permits| permits.read.as_mut())?;
        self.run_on_descriptor(&fd, move |inner, fd| {
            complete_now(inner.view().read(fd, len, offset))
        })
        .await
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        let permit = self.check_permit(&fd, FileAccess::Write, |permits| permits.write.as_mut())?;
        let end = offset.saturating_add(bytes.len() as u64);
        self.charge(&fd, &permit, end, bytes.len() as u64).await?;
        self.run_on_descriptor(&fd, move |inner, fd| {
            complete_now(inner.view().write(fd, bytes, offset))
        })
        .await
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let permit = self.check_permit(&fd, FileAccess::Read, |permits| permits.read.as_mut())?;
        let lease = self.descriptor(&fd)?.lease.clone();
        let Descriptor::File(file) = self.table.get(&fd)? else {
            return Err(ErrorCode::IsDirectory.into());
        };
        let input: DynInputStream =
            Box::new(FileInput::new(file, lease, offset, &self.revision.blocking));
        let stream = self.table.push(input)?;
        // A FIFO or a device may stay silent until its other end writes.
        let is_special = self.descriptor(&fd)?.path.special.file_type.is_some();
        let waiting = if is_special {
            ReadWait::Unlimited
        } else {
            ReadWait::Short
        };
        guard_input(
            self.table,
            &stream,
            self.authority,
            permit,
            self.call,
            waiting,
        )
        .map_err(FsError::trap)?;
        Ok(stream)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let permit = self.check_permit(&fd, FileAccess::Write, |permits| permits.write.as_mut())?;
        if let Some(quota) = self.quota(&permit).cloned() {
            let gap = self.growth(&fd, offset)?;
            if gap > 0 && !quota.charge(gap) {
                return Err(self.over_quota(&permit, &quota));
            }
        }
        self.output_stream(&fd, WritePosition::At(offset), permit)
    }

    fn append_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let permit =
            self.check_permit(&fd, FileAccess::Append, |permits| permits.append.as_mut())?;
        self.output_stream(&fd, WritePosition::End, permit)
    }

    async fn read_directory(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        let permit = self.check_permit(&fd, FileAccess::Read, |permits| {
            permits.read.as_mut().or(permits.metadata.as_mut())
        })?;
        let opened = self.descriptor(&fd)?;
        if opened.permits.read.is_some() {
            self.ask(FileAccess::Read, &opened.path)?;
        }
        let path = opened.path.clone();
        let list = |inner: &mut WasiFilesystem, fd| {
            let entries = complete_now(inner.view().read_directory(fd))?;
            inner.remove(entries)
        };
        let entries = self.run_on_descriptor(&fd, list).await?;
        let stream = self.table.push(entries)?;
        self.files.listings.insert(stream.rep(), (path, permit));
        Ok(stream)
    }

    async fn create_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        written: String,
    ) -> FsResult<()> {
        let (mut target, _) = self.authorize_target(&fd, written, FileAccess::Write)?;
        let create = |inner: &mut WasiFilesystem, spot: ResolvedEntry| {
            complete_now(
                inner
                    .view()
                    .create_directory_at(spot.directory(), spot.name.clone()),
            )
        };
        self.run_at_path(&mut target, PathFlags::empty(), create)
            .await
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        written: String,
    ) -> FsResult<DescriptorStat> {
        let (root, path) = self.path(&fd, &written, FileAccess::Stat)?;
        let access = if self.would_allow(FileAccess::Stat, &path) {
            FileAccess::Stat
        } else {
            FileAccess::Traverse
        };
        self.ask(access, &path)?;
        let mut target = self.path_target(&fd, root, written, path, access)?;
        let look = |inner: &mut WasiFilesystem, spot: ResolvedEntry| {
            complete_now(
                inner
                    .view()
                    .stat_at(spot.directory(), spot.follow, spot.name.clone()),
            )
        };
        let stat = self.run_at_path(&mut target, flags, look).await?;
        // A path that may only be walked through must be a directory; otherwise it stays hidden.
        if access == FileAccess::Traverse && stat.type_ != DescriptorType::Directory {
            self.ask(FileAccess::Stat, &target.path)?;
        }
        Ok(stat)
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        written: String,
        atim: NewTimestamp,
        mtim: NewTimestamp,
    ) -> FsResult<()> {
        let (mut target, _) = self.authorize_target(&fd, written, FileAccess::Write)?;
        let set = move |inner: &mut WasiFilesystem, spot: ResolvedEntry| {
            let (directory, name) = (spot.directory(), spot.name.clone());
            complete_now(
                inner
                    .view()
                    .set_times_at(directory, spot.follow, name, atim, mtim),
            )
        };
        self.run_at_path(&mut target, flags, set).await
    }

    /// Links a file only where all names have the same grants, because other grants could apply to
    /// the new name.
    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        written: String,
        new_fd: Resource<Descriptor>,
        new_written: String,
    ) -> FsResult<()> {
        let (root, path) = self.path(&fd, &written, FileAccess::Write)?;
        let (new_root, new_path) = self.path(&new_fd, &new_written, FileAccess::Write)?;
        self.ask(FileAccess::Write, &path)?;
        self.ask(FileAccess::Write, &new_path)?;
        if root != new_root || self.is_fine_grained(root) {
            return Err(self.refuse(
                FileAccess::Write,
                &new_path,
                "a link where grants differ by name",
            ));
        }
        let mut from = self.path_target(&fd, root, written, path, FileAccess::Write)?;
        let mut to =
            self.path_target(&new_fd, new_root, new_written, new_path, FileAccess::Write)?;
        let old = self.resolve(&mut from, flags).await?;
        let new = self.resolve(&mut to, PathFlags::empty()).await?;
        let linked = self.run_blocking(move || {
            let mut inner = WasiFilesystem::default();
            let old = ResolvedEntry::new(&mut inner, &from.directory, old, flags)?;
            let new = ResolvedEntry::new(&mut inner, &to.directory, new, PathFlags::empty())?;
            let (directory, new_directory) = (old.directory(), new.directory());
            complete_now(
                inner
                    .view()
                    .link_at(directory, flags, old.name, new_directory, new.name),
            )
        });
        linked.await?
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        written: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let access = if flags.contains(DescriptorFlags::WRITE) {
            FileAccess::Write
        } else {
            FileAccess::Read
        };
        let (root, path) = self.path(&fd, &written, access)?;
        let permits = self.permits(&path, flags, open_flags)?;
        let lease = self.take_lease(access, &path)?;
        let mut target = self.path_target(&fd, root, written, path, access)?;
        let (opened, identity, permits) = self
            .open_target(&mut target, permits, path_flags, open_flags, flags)
            .await?;
        let opened = self.table.push(opened)?;
        self.record_open(
            &opened,
            (target.root, target.path),
            permits,
            Some(identity),
            Some(lease),
        );
        Ok(opened)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.files.open.remove(&fd.rep());
        HostDescriptor::drop(&mut self.inner(), fd)
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, written: String) -> FsResult<String> {
        let (mut target, _) = self.authorize_target(&fd, written, FileAccess::Read)?;
        let operation = |inner: &mut WasiFilesystem, spot: ResolvedEntry| {
            complete_now(
                inner
                    .view()
                    .readlink_at(spot.directory(), spot.name.clone()),
            )
        };
        self.run_at_path(&mut target, PathFlags::empty(), operation)
            .await
    }

    async fn remove_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        written: String,
    ) -> FsResult<()> {
        let (mut target, _) = self.authorize_target(&fd, written, FileAccess::Write)?;
        let operation = |inner: &mut WasiFilesystem, spot: ResolvedEntry| {
            complete_now(
                inner
                    .view()
                    .remove_directory_at(spot.directory(), spot.name.clone()),
            )
        };
        self.run_at_path(&mut target, PathFlags::empty(), operation)
            .await
    }

    /// Renames a directory only where every name in it has the same grants before and after.
    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        written: String,
        new_fd: Resource<Descriptor>,
        new_written: String,
    ) -> FsResult<()> {
        let (root, path) = self.path(&fd, &written, FileAccess::Write)?;
        let (new_root, new_path) = self.path(&new_fd, &new_written, FileAccess::Write)?;
        self.ask(FileAccess::Write, &path)?;
        let permit = self.ask(FileAccess::Write, &new_path)?;
        if root != new_root {
            return Err(self.refuse(
                FileAccess::Write,
                &new_path,
                "a rename from one granted directory to another",
            ));
        }
        let mut from = self.path_target(&fd, root, written, path, FileAccess::Write)?;
        let mut to =
            self.path_target(&new_fd, new_root, new_written, new_path, FileAccess::Write)?;
        let old = self.resolve(&mut from, PathFlags::empty()).await?;
        if let Err(problem) = self.check_rename(&from, &old, &to.path) {
            return Err(self.refuse(FileAccess::Write, &to.path, problem));
        }
        let new = self.resolve(&mut to, PathFlags::empty()).await?;
        let holds = self.quota(&permit).is_some();
        let renamed = self.run_blocking(move || {
            let mut inner = WasiFilesystem::default();
            let _held = if holds { UnlinkGuard::open(&new) } else { None };
            let old = ResolvedEntry::new(&mut inner, &from.directory, old, PathFlags::empty())?;
            let new = ResolvedEntry::new(&mut inner, &to.directory, new, PathFlags::empty())?;
            let (directory, new_directory) = (old.directory(), new.directory());
            complete_now(
                inner
                    .view()
                    .rename_at(directory, old.name, new_directory, new.name),
            )
        });
        renamed.await?
    }

    /// Creates a link only where all names have the same grants, because its target has another
    /// name.
    async fn symlink_at(
        &mut self,
        fd: Resource<Descriptor>,
        old: String,
        written: String,
    ) -> FsResult<()> {
        let (root, path) = self.path(&fd, &written, FileAccess::Write)?;
        self.ask(FileAccess::Write, &path)?;
        if self.is_fine_grained(root) {
            return Err(self.refuse(
                FileAccess::Write,
                &path,
                "a link where grants differ by name",
            ));
        }
        // Downwards only, because links that lead up could be combined to lead out.
        if old.starts_with('/') || old.split('/').any(|name| name == "..") {
            return Err(self.refuse(FileAccess::Write, &path, "a link that leads up"));
        }
        let mut target = self.path_target(&fd, root, written, path, FileAccess::Write)?;
        let link = move |inner: &mut WasiFilesystem, spot: ResolvedEntry| {
            complete_now(
                inner
                    .view()
                    .symlink_at(spot.directory(), old.clone(), spot.name.clone()),
            )
        };
        self.run_at_path(&mut target, PathFlags::empty(), link)
            .await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, written: String) -> FsResult<()> {
        let (mut target, permit) = self.authorize_target(&fd, written, FileAccess::Write)?;
        let holds = self.quota(&permit).is_some();
        let unlink = move |inner: &mut WasiFilesystem, spot: ResolvedEntry| {
            let _held = if holds {
                UnlinkGuard::open(&spot.place)
            } else {
                None
            };
            complete_now(
                inner
                    .view()
                    .unlink_file_at(spot.directory(), spot.name.clone()),
            )
        };
        self.run_at_path(&mut target, PathFlags::empty(), unlink)
            .await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        written: String,
    ) -> FsResult<MetadataHashValue> {
        let (mut target, _) = self.authorize_target(&fd, written, FileAccess::Stat)?;
        let hash = |inner: &mut WasiFilesystem, spot: ResolvedEntry| {
            complete_now(inner.view().metadata_hash_at(
                spot.directory(),
                spot.follow,
                spot.name.clone(),
            ))
        };
        self.run_at_path(&mut target, flags, hash).await
    }
}

impl HostDirectoryEntryStream for FilesView<'_> {
    /// Returns entries that may be read, and directories that lead to some.
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let Some((directory, mut permit)) = self.files.listings.get(&stream.rep()).cloned() else {
            return Err(ErrorCode::BadDescriptor.into());
        };
        if !self.authority.still_allows(&mut permit, self.call) {
            return Err(ErrorCode::NotPermitted.into());
        }
        loop {
            let same = Resource::new_borrow(stream.rep());
            let Some(entry) = self.inner().read_directory_entry(same).await? else {
                return Ok(None);
            };
            let path = directory.entry(&entry.name);
            let leads_on = entry.type_ == DescriptorType::Directory
                && self.would_allow(FileAccess::Traverse, &path);
            if leads_on || self.would_allow(FileAccess::Read, &path) {
                return Ok(Some(entry));
            }
        }
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.files.listings.remove(&stream.rep());
        HostDirectoryEntryStream::drop(&mut self.inner(), stream)
    }
}
