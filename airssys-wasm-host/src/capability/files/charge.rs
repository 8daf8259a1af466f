//! What a write takes from the quota that its permit is under.
//!
//! Tests: the workspace's `tests/suite/capabilities/files`.

use std::sync::Arc;

use airssys_wasm_core::policy::Reason;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{DynOutputStream, FsError, FsResult};

use super::FilesView;
use super::quota::Quota;
use super::target::Target;
use super::walk::Held;
use super::writer;
use crate::capability::Permit;

impl FilesView<'_> {
    /// The quota that a permit to write is under.
    pub(super) fn quota(&self, permit: &Permit) -> Option<&Arc<Quota>> {
        self.rooms.files.quotas.get(permit.rule())
    }

    /// Takes room for so many bytes more of a file, if a permit is under a quota.
    pub(super) async fn charge(
        &mut self,
        fd: &Resource<Descriptor>,
        permit: &Permit,
        bytes: u64,
    ) -> FsResult<()> {
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
    pub(super) fn growth(&mut self, fd: &Resource<Descriptor>, end: u64) -> FsResult<u64> {
        match self.table.get(fd)? {
            Descriptor::File(file) => Ok(end.saturating_sub(file.file.metadata()?.len())),
            Descriptor::Dir(_) => Err(ErrorCode::IsDirectory.into()),
        }
    }

    pub(super) fn over(&self, permit: &Permit, quota: &Quota) -> FsError {
        let reason = Reason::OverQuota { rule: quota.rule.clone() };
        self.authority.refuse(permit.operation(), reason, self.call);
        ErrorCode::Quota.into()
    }

    /// Has every write to a stream take room, if its permit is under a quota.
    pub(super) fn charge_stream(
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
    pub(super) async fn hold(&mut self, target: &Target, permit: &Permit) -> FsResult<Option<Held>> {
        if self.quota(permit).is_none() {
            return Ok(None);
        }
        let Descriptor::Dir(dir) = self.table.get(&target.directory)? else { return Ok(None) };
        let (directory, name) = (Arc::clone(&dir.dir), target.name.clone());
        tokio::task::spawn_blocking(move || Held::open(&directory, &name)).await.map_err(FsError::trap)
    }
}
