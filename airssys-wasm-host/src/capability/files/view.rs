//! `wasi:filesystem`, asking before each operation.
//!
//! wasmtime's own implementation does the work; what stands here finds out which path is
//! meant, asks the authority, and hands on a directory and a name that cannot lead
//! elsewhere.
//! Tests: the workspace's `tests/attacks` and `tests/suite/capabilities/files`.

use std::collections::HashMap;
use std::sync::Arc;

use airssys_wasm_core::policy::{FileAccess, Operation, Policy, Reason};
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream,
    ErrorCode, Filesize, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp,
    OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::opened::{Opened, Permits};
use super::path::GuestPath;
use super::quota::Quota;
use super::roots::is_uniform;
use super::walk::{Held, Stopped, walk};
use super::writer;
use crate::capability::stream::{Waiting, guard_input, guard_output};
use crate::capability::{Authority, Permit, Rooms, now};
use crate::observe::CallId;

/// What an instance has of the file system.
#[derive(Default)]
pub(crate) struct Files {
    inner: WasiFilesystemCtx,
    open: HashMap<u32, Opened>,
    /// Listings: of which directory, and what allows them.
    listings: HashMap<u32, (GuestPath, Permit)>,
}

/// The state of an instance, as this room sees it.
pub(crate) struct FilesView<'a> {
    pub(crate) files: &'a mut Files,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) authority: &'a Arc<Authority>,
    pub(crate) rooms: &'a Rooms,
    pub(crate) call: CallId,
}

impl HasData for Files {
    type Data<'a> = FilesView<'a>;
}

/// Where an operation takes place: a directory, and what to look for in it.
struct Target {
    /// Closed again when the operation is over, if it was opened for it.
    directory: Resource<Descriptor>,
    name: String,
    is_temporary: bool,
    path: GuestPath,
    root: usize,
}

impl FilesView<'_> {
    fn inner(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView { ctx: &mut self.files.inner, table: &mut *self.table }
    }

    fn opened(&self, fd: &Resource<Descriptor>) -> FsResult<Opened> {
        self.files.open.get(&fd.rep()).cloned().ok_or_else(|| ErrorCode::BadDescriptor.into())
    }

    fn ask(&self, access: FileAccess, path: &GuestPath) -> FsResult<Permit> {
        let operation = path.operation(access);
        self.authority.ask(operation, self.call).map_err(|_| ErrorCode::NotPermitted.into())
    }

    fn would_allow(&self, access: FileAccess, path: &GuestPath) -> bool {
        self.authority.would_allow(&path.operation(access))
    }

    /// Refuses what leads to where other grants hold.
    fn refuse(&self, access: FileAccess, path: &GuestPath, problem: &str) -> FsError {
        let operation = path.operation(access);
        let reason = Reason::LeadsElsewhere { problem: problem.into() };
        self.authority.refuse(&operation, reason, self.call);
        ErrorCode::NotPermitted.into()
    }

    /// The path that is meant; one that leaves everything is refused on the record.
    fn path(
        &self,
        fd: &Resource<Descriptor>,
        written: &str,
        access: FileAccess,
    ) -> FsResult<(Opened, GuestPath)> {
        let base = self.opened(fd)?;
        match base.path.join(written) {
            Ok(path) => Ok((base, path)),
            Err(code) => {
                let path = format!("{}/{written}", base.path.as_str().trim_end_matches('/'));
                let reason =
                    Reason::Malformed { problem: "leads out of every directory, or is no path".into() };
                self.authority.refuse(&Operation::File { access, path }, reason, self.call);
                Err(code.into())
            }
        }
    }

    /// Where to do it: as written where links may be followed, else in the directory
    /// that was walked to.
    async fn target(
        &mut self,
        fd: &Resource<Descriptor>,
        base: &Opened,
        written: String,
        path: GuestPath,
        access: FileAccess,
    ) -> FsResult<Target> {
        let root = &self.rooms.files.all[base.root];
        if !root.is_fine() {
            let directory = Resource::new_borrow(fd.rep());
            return Ok(Target { directory, name: written, is_temporary: false, path, root: base.root });
        }
        let Some(mut names) = path.below(&root.path) else { return Err(ErrorCode::NotPermitted.into()) };
        let name = names.pop().unwrap_or_else(|| ".".into());
        let (top, mode, perms) = (Arc::clone(&root.dir.dir), root.dir.open_mode, root.dir.perms);
        let handle = tokio::task::spawn_blocking(move || walk(&top, &names)).await.map_err(FsError::trap)?;
        let handle = handle.map_err(|error| match error {
            Stopped::AtALink => {
                self.refuse(access, &path, "leads through a link where grants differ by name")
            }
            Stopped::At(error) => error.into(),
        })?;
        let mut dir = root.dir.clone();
        (dir.dir, dir.open_mode, dir.perms) = (handle, mode, perms);
        let directory = self.table.push(Descriptor::Dir(dir))?;
        Ok(Target { directory, name, is_temporary: true, path, root: base.root })
    }

    /// Asks whether something may be done where `written` leads, and goes there.
    async fn begin(
        &mut self,
        fd: &Resource<Descriptor>,
        written: String,
        access: FileAccess,
    ) -> FsResult<(Target, Permit)> {
        let (base, path) = self.path(fd, &written, access)?;
        let permit = self.ask(access, &path)?;
        Ok((self.target(fd, &base, written, path, access).await?, permit))
    }

    fn done(&mut self, target: Target) -> FsResult<()> {
        if target.is_temporary {
            self.table.delete(target.directory)?;
        }
        Ok(())
    }

    /// The end of an operation that was allowed: what the sandbox refused all the same
    /// goes on the record.
    fn finish<T>(&mut self, access: FileAccess, target: Target, outcome: FsResult<T>) -> FsResult<T> {
        let path = target.path.clone();
        self.done(target)?;
        self.recorded(access, &path, outcome)
    }

    fn recorded<T>(&self, access: FileAccess, path: &GuestPath, outcome: FsResult<T>) -> FsResult<T> {
        outcome.map_err(|error| match error.downcast() {
            Ok(code @ (ErrorCode::NotPermitted | ErrorCode::Loop)) => {
                self.refuse(access, path, "leads through a link, or out of its directory");
                code.into()
            }
            Ok(code) => code.into(),
            Err(trap) => FsError::trap(trap),
        })
    }

    fn is_fine(&self, root: usize) -> bool {
        self.rooms.files.all[root].is_fine()
    }

    /// Checks that what was opened may still be used so. What it was not opened for is
    /// refused, on the record.
    fn check(
        &mut self,
        fd: &Resource<Descriptor>,
        access: FileAccess,
        which: impl Fn(&mut Permits) -> Option<&mut Permit>,
    ) -> FsResult<Permit> {
        let (authority, call) = (Arc::clone(self.authority), self.call);
        let opened = self.files.open.get_mut(&fd.rep()).ok_or(ErrorCode::BadDescriptor)?;
        let Some(permit) = which(&mut opened.permits) else {
            let path = opened.path.clone();
            self.ask(access, &path)?;
            return Err(ErrorCode::BadDescriptor.into());
        };
        if authority.still_allows(permit, call) {
            return Ok(permit.clone());
        }
        self.close(fd)?;
        Err(ErrorCode::NotPermitted.into())
    }

    /// Closes what a handle leads to; the handle itself is the guest's to drop.
    fn close(&mut self, fd: &Resource<Descriptor>) -> FsResult<()> {
        if let Descriptor::File(file) = self.table.get_mut(fd)? {
            file.file = Arc::new(nothing()?);
        }
        Ok(())
    }

    /// The quota that a permit to write is under.
    fn quota(&self, permit: &Permit) -> Option<&Arc<Quota>> {
        self.rooms.files.quotas.get(permit.rule())
    }

    /// Takes room for so many bytes more of a file, if a permit is under a quota.
    async fn charge(&mut self, fd: &Resource<Descriptor>, permit: &Permit, bytes: u64) -> FsResult<()> {
        let Some(quota) = self.quota(permit).cloned() else { return Ok(()) };
        let Descriptor::File(file) = self.table.get(fd)? else { return Err(ErrorCode::IsDirectory.into()) };
        if !writer::is_listed(&file.file) {
            return Err(self.over(permit, &quota));
        }
        if quota.take(bytes) {
            return Ok(());
        }
        let measured = Arc::clone(&quota);
        tokio::task::spawn_blocking(move || measured.measure()).await.map_err(FsError::trap)?;
        if quota.take(bytes) { Ok(()) } else { Err(self.over(permit, &quota)) }
    }

    /// What a file grows by if it reaches to `end`.
    fn growth(&mut self, fd: &Resource<Descriptor>, end: u64) -> FsResult<u64> {
        match self.table.get(fd)? {
            Descriptor::File(file) => Ok(end.saturating_sub(file.file.metadata()?.len())),
            Descriptor::Dir(_) => Err(ErrorCode::IsDirectory.into()),
        }
    }

    fn over(&self, permit: &Permit, quota: &Quota) -> FsError {
        let reason = Reason::OverQuota { rule: quota.rule.clone() };
        self.authority.refuse(permit.operation(), reason, self.call);
        ErrorCode::Quota.into()
    }

    /// Has every write to a stream take room, if its permit is under a quota.
    fn charge_stream(
        &mut self,
        fd: &Resource<Descriptor>,
        stream: &Resource<DynOutputStream>,
        permit: &Permit,
    ) -> FsResult<()> {
        let Some(quota) = self.quota(permit).cloned() else { return Ok(()) };
        let Descriptor::File(file) = self.table.get(fd)? else { return Err(ErrorCode::IsDirectory.into()) };
        let file = Arc::clone(&file.file);
        let charged = (quota, file, Arc::clone(self.authority), permit.operation().clone(), self.call);
        writer::charge(self.table, stream, charged).map_err(FsError::trap)
    }

    /// Holds on to a file whose name is about to be taken from it, so that it can be emptied
    /// then: nothing may be left that no quota counts.
    async fn hold(&mut self, target: &Target, permit: &Permit) -> FsResult<Option<Held>> {
        if self.quota(permit).is_none() {
            return Ok(None);
        }
        let Descriptor::Dir(dir) = self.table.get(&target.directory)? else { return Ok(None) };
        let (directory, name) = (Arc::clone(&dir.dir), target.name.clone());
        tokio::task::spawn_blocking(move || Held::open(&directory, &name)).await.map_err(FsError::trap)
    }

    /// Whether what lies at `from` may be called `to` where grants differ by name: a file
    /// if both names have the same, a directory if all names in both have.
    async fn may_rename(&mut self, from: &Target, to: &GuestPath) -> FsResult<Result<(), &'static str>> {
        if !from.is_temporary {
            return Ok(Ok(()));
        }
        let policy = self.authority.policy();
        let is_directory = self.is_directory(from).await?;
        Ok(match (same_uses(&policy, &from.path, to), is_directory) {
            (false, _) => Err("a rename to a name with other grants"),
            (true, true) if !(is_uniform(&from.path, &policy) && is_uniform(to, &policy)) => {
                Err("the rename of a directory in which grants differ by name")
            }
            _ => Ok(()),
        })
    }

    async fn is_directory(&mut self, target: &Target) -> FsResult<bool> {
        let stat = self.inner().stat_at(target.borrow(), PathFlags::empty(), target.name.clone()).await?;
        Ok(stat.type_ == DescriptorType::Directory)
    }

    fn note(&mut self, fd: &Resource<Descriptor>, root: usize, path: GuestPath, permits: Permits) {
        let place = &self.rooms.files.all[root];
        let permits = if place.is_fine() { permits } else { permits.by_any_link(place.fineness()) };
        self.files.open.insert(fd.rep(), Opened { root, path, permits });
    }

    /// Which uses are asked for when something is opened, and allowed.
    fn permits(&self, path: &GuestPath, flags: DescriptorFlags, creates: OpenFlags) -> FsResult<Permits> {
        let mut permits = Permits::default();
        let truncates = creates.contains(OpenFlags::TRUNCATE);
        let writes =
            flags.contains(DescriptorFlags::WRITE) || creates.contains(OpenFlags::CREATE) || truncates;
        if writes {
            if !truncates
                && !self.would_allow(FileAccess::Write, path)
                && self.would_allow(FileAccess::Append, path)
            {
                permits.append = Some(self.ask(FileAccess::Append, path)?);
            } else {
                let permit = self.ask(FileAccess::Write, path)?;
                permits.append = Some(permit.clone());
                permits.write = Some(permit);
            }
        }
        if flags.contains(DescriptorFlags::READ) && !self.only_leads_on(path, writes) {
            permits.read = Some(self.ask(FileAccess::Read, path)?);
        } else if flags.contains(DescriptorFlags::READ) {
            permits.look = Some(self.ask(FileAccess::Walk, path)?);
        } else if !writes {
            let access =
                if self.would_allow(FileAccess::Look, path) { FileAccess::Look } else { FileAccess::Walk };
            permits.look = Some(self.ask(access, path)?);
        }
        Ok(permits)
    }

    /// What may be done with a directory that is handed out unasked: recorded once it is
    /// done.
    fn quiet_permits(&self, path: &GuestPath) -> Permits {
        let permit = |access| self.authority.permit_quietly(path.operation(access));
        Permits { read: permit(FileAccess::Read), look: permit(FileAccess::Walk), ..Permits::default() }
    }

    /// Whether a path may not be read, but is on the way to what may be used.
    fn only_leads_on(&self, path: &GuestPath, writes: bool) -> bool {
        !writes && !self.would_allow(FileAccess::Read, path) && self.would_allow(FileAccess::Walk, path)
    }
}

impl Target {
    fn borrow(&self) -> Resource<Descriptor> {
        Resource::new_borrow(self.directory.rep())
    }

    /// Links are followed only where that leads nowhere else.
    fn flags(&self, asked: PathFlags) -> PathFlags {
        if self.is_temporary { PathFlags::empty() } else { asked }
    }
}

/// Whether a permit is for walking through and nothing else.
fn only_leads_on(permit: &Permit) -> bool {
    matches!(permit.operation(), Operation::File { access: FileAccess::Walk, .. })
}

/// Whether two paths may be used in the same ways, by the same grants.
fn same_uses(policy: &Policy, a: &GuestPath, b: &GuestPath) -> bool {
    let decide = |access, path: &GuestPath| policy.decide(&path.operation(access), now());
    let both = |access| (decide(access, a), decide(access, b));
    let (read, new_read) = both(FileAccess::Read);
    let (write, new_write) = both(FileAccess::Write);
    read.is_allowed() == new_read.is_allowed() && write == new_write
}

/// An open file in which there is nothing.
fn nothing() -> std::io::Result<std::fs::File> {
    std::fs::File::open(if cfg!(windows) { "NUL" } else { "/dev/null" })
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let rooms = self.rooms;
        let mut directories = Vec::new();
        for (index, root) in rooms.files.all.iter().enumerate() {
            let permits = self.quiet_permits(&root.path);
            let fd = self.table.push(Descriptor::Dir(root.dir.clone()))?;
            self.note(&fd, index, root.path.clone(), permits);
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
        self.check(&fd, FileAccess::Look, Permits::any)?;
        self.inner().advise(fd, offset, len, advice).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.check(&fd, FileAccess::Look, Permits::any)?;
        self.inner().sync_data(fd).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.check(&fd, FileAccess::Look, Permits::any)?;
        self.inner().sync(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.check(&fd, FileAccess::Look, Permits::any)?;
        self.inner().get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        self.check(&fd, FileAccess::Look, Permits::any)?;
        self.inner().get_type(fd).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        self.check(&fd, FileAccess::Look, Permits::any)?;
        self.inner().stat(fd).await
    }

    async fn is_same_object(
        &mut self,
        a: Resource<Descriptor>,
        b: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        for one in [&a, &b] {
            if self.check(one, FileAccess::Look, Permits::any).is_err() {
                return Ok(false);
            }
        }
        self.inner().is_same_object(a, b).await
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        self.check(&fd, FileAccess::Look, Permits::any)?;
        self.inner().metadata_hash(fd).await
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let permit = self.check(&fd, FileAccess::Write, |permits| permits.write.as_mut())?;
        let grown = self.growth(&fd, size)?;
        self.charge(&fd, &permit, grown).await?;
        self.inner().set_size(fd, size).await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        atim: NewTimestamp,
        mtim: NewTimestamp,
    ) -> FsResult<()> {
        let opened = self.opened(&fd)?;
        self.ask(FileAccess::Write, &opened.path)?;
        self.inner().set_times(fd, atim, mtim).await
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        len: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.check(&fd, FileAccess::Read, |permits| permits.read.as_mut())?;
        self.inner().read(fd, len, offset).await
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        let permit = self.check(&fd, FileAccess::Write, |permits| permits.write.as_mut())?;
        let end = offset.saturating_add(bytes.len() as u64);
        let grown = self.growth(&fd, end)?;
        self.charge(&fd, &permit, grown.max(bytes.len() as u64)).await?;
        self.inner().write(fd, bytes, offset).await
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let permit = self.check(&fd, FileAccess::Read, |permits| permits.read.as_mut())?;
        let stream = self.inner().read_via_stream(fd, offset)?;
        guard_input(self.table, &stream, self.authority, permit, self.call, Waiting::ByItself)
            .map_err(FsError::trap)?;
        Ok(stream)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let permit = self.check(&fd, FileAccess::Write, |permits| permits.write.as_mut())?;
        let gap = self.growth(&fd, offset)?;
        if let Some(quota) = self.quota(&permit).cloned()
            && gap > 0
            && !quota.take(gap)
        {
            return Err(self.over(&permit, &quota));
        }
        let stream = self.inner().write_via_stream(Resource::new_borrow(fd.rep()), offset)?;
        self.charge_stream(&fd, &stream, &permit)?;
        guard_output(self.table, &stream, self.authority, permit, self.call).map_err(FsError::trap)?;
        Ok(stream)
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        let permit = self.check(&fd, FileAccess::Append, |permits| permits.append.as_mut())?;
        let stream = self.inner().append_via_stream(Resource::new_borrow(fd.rep()))?;
        self.charge_stream(&fd, &stream, &permit)?;
        guard_output(self.table, &stream, self.authority, permit, self.call).map_err(FsError::trap)?;
        Ok(stream)
    }

    async fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        let permit =
            self.check(&fd, FileAccess::Read, |permits| permits.read.as_mut().or(permits.look.as_mut()))?;
        let opened = self.opened(&fd)?;
        if opened.permits.read.is_some() {
            self.ask(FileAccess::Read, &opened.path)?;
        }
        let stream = self.inner().read_directory(fd).await?;
        self.files.listings.insert(stream.rep(), (opened.path, permit));
        Ok(stream)
    }

    async fn create_directory_at(&mut self, fd: Resource<Descriptor>, written: String) -> FsResult<()> {
        let (target, _) = self.begin(&fd, written, FileAccess::Write).await?;
        let outcome = self.inner().create_directory_at(target.borrow(), target.name.clone()).await;
        self.finish(FileAccess::Write, target, outcome)
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        written: String,
    ) -> FsResult<DescriptorStat> {
        let (base, path) = self.path(&fd, &written, FileAccess::Look)?;
        let access =
            if self.would_allow(FileAccess::Look, &path) { FileAccess::Look } else { FileAccess::Walk };
        self.ask(access, &path)?;
        let seen = path.clone();
        let target = self.target(&fd, &base, written, path, FileAccess::Look).await?;
        let flags = target.flags(flags);
        let outcome = self.inner().stat_at(target.borrow(), flags, target.name.clone()).await;
        let stat = self.finish(access, target, outcome)?;
        // What only leads on to something is a directory, or nobody's to know of.
        if access == FileAccess::Walk && stat.type_ != DescriptorType::Directory {
            self.ask(FileAccess::Look, &seen)?;
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
        let (target, _) = self.begin(&fd, written, FileAccess::Write).await?;
        let flags = target.flags(flags);
        let outcome =
            self.inner().set_times_at(target.borrow(), flags, target.name.clone(), atim, mtim).await;
        self.finish(FileAccess::Write, target, outcome)
    }

    /// Another name for a file would be one that other grants speak of: only where all
    /// names have the same.
    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        written: String,
        new_fd: Resource<Descriptor>,
        new_written: String,
    ) -> FsResult<()> {
        let (base, path) = self.path(&fd, &written, FileAccess::Write)?;
        let (new_base, new_path) = self.path(&new_fd, &new_written, FileAccess::Write)?;
        self.ask(FileAccess::Write, &path)?;
        self.ask(FileAccess::Write, &new_path)?;
        if base.root != new_base.root || self.is_fine(base.root) {
            return Err(self.refuse(FileAccess::Write, &new_path, "a link where grants differ by name"));
        }
        self.inner().link_at(fd, flags, written, new_fd, new_written).await
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        written: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let access =
            if flags.contains(DescriptorFlags::WRITE) { FileAccess::Write } else { FileAccess::Read };
        let (base, path) = self.path(&fd, &written, access)?;
        let permits = self.permits(&path, flags, open_flags)?;
        let target = self.target(&fd, &base, written, path, access).await?;
        // What may only be walked through has to be a directory.
        let walks = permits.look.as_ref().is_some_and(only_leads_on);
        let open_flags = if walks || (target.is_temporary && target.path.is_directory) {
            open_flags | OpenFlags::DIRECTORY
        } else {
            open_flags
        };
        let path_flags = target.flags(path_flags);
        let outcome =
            self.inner().open_at(target.borrow(), path_flags, target.name.clone(), open_flags, flags).await;
        let (root, path) = (target.root, target.path.clone());
        self.done(target)?;
        if walks && outcome.is_err() {
            // It was no directory, and for anything else there is no permit.
            self.ask(FileAccess::Read, &path)?;
        }
        let opened = self.recorded(access, &path, outcome)?;
        self.note(&opened, root, path, permits);
        Ok(opened)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.files.open.remove(&fd.rep());
        HostDescriptor::drop(&mut self.inner(), fd)
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, written: String) -> FsResult<String> {
        let (target, _) = self.begin(&fd, written, FileAccess::Read).await?;
        let outcome = self.inner().readlink_at(target.borrow(), target.name.clone()).await;
        self.finish(FileAccess::Read, target, outcome)
    }

    async fn remove_directory_at(&mut self, fd: Resource<Descriptor>, written: String) -> FsResult<()> {
        let (target, _) = self.begin(&fd, written, FileAccess::Write).await?;
        let outcome = self.inner().remove_directory_at(target.borrow(), target.name.clone()).await;
        self.finish(FileAccess::Write, target, outcome)
    }

    /// A directory is renamed only where every name in it has the same grants before and
    /// after.
    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        written: String,
        new_fd: Resource<Descriptor>,
        new_written: String,
    ) -> FsResult<()> {
        let (base, path) = self.path(&fd, &written, FileAccess::Write)?;
        let (new_base, new_path) = self.path(&new_fd, &new_written, FileAccess::Write)?;
        self.ask(FileAccess::Write, &path)?;
        let permit = self.ask(FileAccess::Write, &new_path)?;
        if base.root != new_base.root {
            return Err(self.refuse(
                FileAccess::Write,
                &new_path,
                "a rename from one granted directory to another",
            ));
        }
        let from = self.target(&fd, &base, written, path, FileAccess::Write).await?;
        match self.may_rename(&from, &new_path).await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => {
                self.done(from)?;
                return Err(self.refuse(FileAccess::Write, &new_path, problem));
            }
            Err(error) => {
                self.done(from)?;
                return Err(error);
            }
        }
        let to = self.target(&new_fd, &new_base, new_written, new_path, FileAccess::Write).await?;
        let held = self.hold(&to, &permit).await?;
        let outcome =
            self.inner().rename_at(from.borrow(), from.name.clone(), to.borrow(), to.name.clone()).await;
        drop(held);
        self.done(from)?;
        self.done(to)?;
        outcome
    }

    /// What a link leads to has a name of its own: links are made only where all names
    /// have the same grants.
    async fn symlink_at(&mut self, fd: Resource<Descriptor>, old: String, written: String) -> FsResult<()> {
        let (base, path) = self.path(&fd, &written, FileAccess::Write)?;
        self.ask(FileAccess::Write, &path)?;
        if self.is_fine(base.root) {
            return Err(self.refuse(FileAccess::Write, &path, "a link where grants differ by name"));
        }
        // Down only: links that lead up could be put together to lead out.
        if old.starts_with('/') || old.split('/').any(|name| name == "..") {
            return Err(self.refuse(FileAccess::Write, &path, "a link that leads up"));
        }
        self.inner().symlink_at(fd, old, written).await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, written: String) -> FsResult<()> {
        let (target, permit) = self.begin(&fd, written, FileAccess::Write).await?;
        let held = self.hold(&target, &permit).await?;
        let outcome = self.inner().unlink_file_at(target.borrow(), target.name.clone()).await;
        drop(held);
        self.finish(FileAccess::Write, target, outcome)
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        written: String,
    ) -> FsResult<MetadataHashValue> {
        let (target, _) = self.begin(&fd, written, FileAccess::Look).await?;
        let flags = target.flags(flags);
        let outcome = self.inner().metadata_hash_at(target.borrow(), flags, target.name.clone()).await;
        self.finish(FileAccess::Look, target, outcome)
    }
}

impl HostDirectoryEntryStream for FilesView<'_> {
    /// Entries that may be read, and directories that lead on to some.
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
            let Some(entry) = self.inner().read_directory_entry(same).await? else { return Ok(None) };
            let path = directory.entry(&entry.name);
            let leads_on =
                entry.type_ == DescriptorType::Directory && self.would_allow(FileAccess::Walk, &path);
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
