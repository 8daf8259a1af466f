//! Charges writes to the quota of their permit.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use std::fs::{File, Metadata};
use std::io;
use std::sync::Arc;

use airssys_wasm_core::policy::{DenialReason, Operation};
use wasmtime_wasi::p2::{FsResult, StreamError, StreamResult};

use super::descriptor_operation::DescriptorOperation;
use super::quota::Quota;
use crate::capability::Authority;
use crate::observe::CallId;

impl DescriptorOperation<'_> {
    /// Charges the growth of a file that is written up to `end`, and at least `bytes_min` bytes, if
    /// the permit is subject to a quota. Fails if the descriptor is a directory.
    pub(super) async fn charge(&self, end: u64, bytes_min: u64) -> FsResult<()> {
        let file = self.file()?;
        let Some(quota) = self.context.quota(&self.permit) else {
            return Ok(());
        };
        let (charged, file) = (Arc::clone(quota), Arc::clone(&file.file));
        let charge = move || charge_growth(&charged, &file, end, bytes_min);
        if self.context.run_blocking(self.permits(), charge).await?? {
            Ok(())
        } else {
            Err(self.context.refuse_over_quota(&self.permit, quota))
        }
    }
}

/// The quota that the writes of a stream are charged to, and the context in which a denial is
/// recorded.
#[derive(Clone)]
pub(super) struct WriteCharge {
    pub(super) quota: Arc<Quota>,
    pub(super) file: Arc<File>,
    pub(super) authority: Arc<Authority>,
    pub(super) operation: Operation,
    pub(super) call: CallId,
}

impl WriteCharge {
    /// Charges the growth of the file by a write up to `end`, and at least `bytes_min` bytes.
    /// Records a refusal. Blocks.
    pub(super) fn charge(&self, end: u64, bytes_min: u64) -> StreamResult<()> {
        match charge_growth(&self.quota, &self.file, end, bytes_min) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.refuse()),
            Err(error) => Err(StreamError::LastOperationFailed(error.into())),
        }
    }

    /// Records that a write exceeds the quota, and returns the error for the guest.
    pub(super) fn refuse(&self) -> StreamError {
        let rule = self.quota.rule.clone();
        let reason = DenialReason::OverQuota { rule };
        self.authority.refuse(&self.operation, reason, self.call);
        let error = io::Error::from(io::ErrorKind::QuotaExceeded);
        StreamError::LastOperationFailed(error.into())
    }
}

/// Charges the growth of a file that is written up to `end`, and at least `bytes_min` bytes.
/// Measures the directory if the quota seems used up. Returns `false` if the growth exceeds the
/// quota, or cannot be counted. Blocks.
fn charge_growth(quota: &Quota, file: &File, end: u64, bytes_min: u64) -> io::Result<bool> {
    let metadata = file.metadata()?;
    let bytes = end.saturating_sub(metadata.len()).max(bytes_min);
    if !has_name(&metadata) {
        return Ok(false);
    }
    if quota.charge(bytes) {
        return Ok(true);
    }
    quota.measure();
    Ok(quota.charge(bytes))
}

/// Returns `true` if a file still has a name in a directory, so that its growth is counted.
#[cfg(unix)]
fn has_name(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink() > 0
}

/// Returns `false`, because this system has no quotas.
#[cfg(not(unix))]
fn has_name(_: &Metadata) -> bool {
    false
}
