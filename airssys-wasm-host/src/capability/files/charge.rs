//! Charges writes to the quota of their permit.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use std::fs::File;
use std::io;
use std::sync::Arc;

use wasmtime_wasi::p2::FsResult;

use super::charged_stream::has_name;
use super::descriptor_operation::DescriptorOperation;
use super::quota::Quota;

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
        if self.context.run_blocking(charge).await?? {
            Ok(())
        } else {
            Err(self.context.refuse_over_quota(&self.permit, quota))
        }
    }

    /// Charges the gap between the end of a file and `offset`, where a stream starts to write, if
    /// the permit is subject to a quota. Does not measure the directory.
    pub(super) fn charge_gap(&self, offset: u64) -> FsResult<()> {
        let Some(quota) = self.context.quota(&self.permit) else {
            return Ok(());
        };
        let gap = offset.saturating_sub(self.file()?.file.metadata()?.len());
        if gap > 0 && !quota.charge(gap) {
            return Err(self.context.refuse_over_quota(&self.permit, quota));
        }
        Ok(())
    }
}

/// Charges the growth of a file, and measures the directory if the quota seems used up. Returns
/// `false` if the growth exceeds the quota, or cannot be counted. Blocks.
fn charge_growth(quota: &Quota, file: &File, end: u64, bytes_min: u64) -> io::Result<bool> {
    let bytes = end.saturating_sub(file.metadata()?.len()).max(bytes_min);
    if !has_name(file) {
        return Ok(false);
    }
    if quota.charge(bytes) {
        return Ok(true);
    }
    quota.measure();
    Ok(quota.charge(bytes))
}
