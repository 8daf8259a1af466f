//! A stream whose writes are charged to a quota.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use std::fs::File;
use std::sync::Arc;

use airssys_wasm_core::policy::{DenialReason, Operation};
use bytes::Bytes;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::quota::Quota;
use crate::capability::Authority;
use crate::capability::blocking::BlockingOperations;
use crate::capability::stream::ClosedStream;
use crate::observe::CallId;

/// The quota that a stream is charged to, and the context in which a denial is recorded.
pub(super) struct StreamCharge {
    pub(super) quota: Arc<Quota>,
    pub(super) file: Arc<File>,
    pub(super) authority: Arc<Authority>,
    pub(super) operation: Operation,
    pub(super) call: CallId,
    pub(super) blocking: BlockingOperations,
}

struct ChargedStream {
    stream: DynOutputStream,
    charge: StreamCharge,
    /// `true` if the directory has been measured since the quota was last used up.
    is_measured: bool,
}

/// Charges the writes of the stream in `slot` to a quota.
pub(super) fn charge(
    table: &mut ResourceTable,
    slot: &Resource<DynOutputStream>,
    charge: StreamCharge,
) -> wasmtime::Result<()> {
    let stream = table.get_mut(slot)?;
    let inner = std::mem::replace(stream, Box::new(ClosedStream));
    *stream = Box::new(ChargedStream {
        stream: inner,
        charge,
        is_measured: false,
    });
    Ok(())
}

/// Returns `true` if a file still has a name in a directory, so that its growth is counted.
pub(super) fn has_name(file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

impl StreamCharge {
    /// Records that a write exceeds the quota, and returns the error for the guest.
    fn refuse(&self) -> StreamError {
        let rule = self.quota.rule.clone();
        let reason = DenialReason::OverQuota { rule };
        self.authority.refuse(&self.operation, reason, self.call);
        StreamError::LastOperationFailed(
            std::io::Error::from(std::io::ErrorKind::QuotaExceeded).into(),
        )
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for ChargedStream {
    /// Measures the directory if the quota is used up, on a blocking thread.
    async fn ready(&mut self) {
        self.stream.ready().await;
        if self.charge.quota.left() == 0 && !self.is_measured {
            let quota = Arc::clone(&self.charge.quota);
            // Without a measurement the quota remains used up.
            let _ = self.charge.blocking.run(move || quota.measure()).await;
            self.is_measured = true;
        }
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for ChargedStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let StreamCharge { file, quota, .. } = &self.charge;
        if !has_name(file) || !quota.charge(bytes.len() as u64) {
            return Err(self.charge.refuse());
        }
        self.is_measured = false;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.stream.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        let ready = self.stream.check_write()?;
        match usize::try_from(self.charge.quota.left()).unwrap_or(usize::MAX) {
            0 if self.is_measured => Err(self.charge.refuse()),
            left => Ok(ready.min(left)),
        }
    }

    async fn cancel(&mut self) {
        self.stream.cancel().await;
    }
}
