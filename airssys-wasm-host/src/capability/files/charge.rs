//! Charges writes to the quota of their permit.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::DenialReason;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{DynOutputStream, FsError, FsResult};

use super::FilesView;
use super::charged_stream;
use super::output::{FileOutput, WritePosition};
use super::quota::Quota;
use crate::capability::Permit;
use crate::capability::stream::guard_output;

impl FilesView<'_> {
    /// Returns the quota that a permit to write is subject to, if any.
    pub(super) fn quota(&self, permit: &Permit) -> Option<&Arc<Quota>> {
        self.revision.roots.quotas.get(permit.rule())
    }

    /// Charges the growth of a file that is written up to `end`, and at least `bytes_min` bytes, if
    /// the permit is subject to a quota.
    pub(super) async fn charge(
        &mut self,
        fd: &Resource<Descriptor>,
        permit: &Permit,
        end: u64,
        bytes_min: u64,
    ) -> FsResult<()> {
        let Descriptor::File(file) = self.table.get(fd)? else {
            return Err(ErrorCode::IsDirectory.into());
        };
        let file = Arc::clone(&file.file);
        let Some(quota) = self.quota(permit).cloned() else {
            return Ok(());
        };
        let measured = Arc::clone(&quota);
        let look = move || {
            let bytes = end.saturating_sub(file.metadata()?.len()).max(bytes_min);
            if !charged_stream::has_name(&file) {
                return Ok(false);
            }
            if quota.charge(bytes) {
                return Ok(true);
            }
            quota.measure();
            Ok::<_, std::io::Error>(quota.charge(bytes))
        };
        if self.run_blocking(look).await?? {
            Ok(())
        } else {
            Err(self.over_quota(permit, &measured))
        }
    }

    /// Returns the number of bytes by which a file grows if it is written up to `end`.
    pub(super) fn growth(&mut self, fd: &Resource<Descriptor>, end: u64) -> FsResult<u64> {
        match self.table.get(fd)? {
            Descriptor::File(file) => Ok(end.saturating_sub(file.file.metadata()?.len())),
            Descriptor::Dir(_) => Err(ErrorCode::IsDirectory.into()),
        }
    }

    pub(super) fn over_quota(&self, permit: &Permit, quota: &Quota) -> FsError {
        let reason = DenialReason::OverQuota {
            rule: quota.rule.clone(),
        };
        self.authority.refuse(permit.operation(), reason, self.call);
        ErrorCode::Quota.into()
    }

    /// Returns a stream that writes to a file while its permit holds and its quota is not used up.
    pub(super) fn output_stream(
        &mut self,
        fd: &Resource<Descriptor>,
        place: WritePosition,
        permit: Permit,
    ) -> FsResult<Resource<DynOutputStream>> {
        let lease = self.descriptor(fd)?.lease.clone();
        let Descriptor::File(file) = self.table.get(fd)? else {
            return Err(ErrorCode::BadDescriptor.into());
        };
        if file.perms.write_not_permitted() {
            return Err(ErrorCode::NotPermitted.into());
        }
        let output: DynOutputStream =
            Box::new(FileOutput::new(file, lease, place, &self.revision.blocking));
        let stream = self.table.push(output)?;
        self.charge_stream(fd, &stream, &permit)?;
        guard_output(self.table, &stream, self.authority, permit, self.call)
            .map_err(FsError::trap)?;
        Ok(stream)
    }

    /// Charges every write to a stream, if its permit is subject to a quota.
    fn charge_stream(
        &mut self,
        fd: &Resource<Descriptor>,
        stream: &Resource<DynOutputStream>,
        permit: &Permit,
    ) -> FsResult<()> {
        let Some(quota) = self.quota(permit).cloned() else {
            return Ok(());
        };
        let Descriptor::File(file) = self.table.get(fd)? else {
            return Err(ErrorCode::IsDirectory.into());
        };
        let file = Arc::clone(&file.file);
        let blocking = self.revision.blocking.clone();
        let charged = (
            quota,
            file,
            Arc::clone(self.authority),
            permit.operation().clone(),
            self.call,
            blocking,
        );
        charged_stream::charge(self.table, stream, charged).map_err(FsError::trap)
    }
}
