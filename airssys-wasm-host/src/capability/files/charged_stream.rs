//! A stream whose writes are bounded by what is left of a quota. The writes themselves are charged
//! on their blocking thread, by `WriteCharge`.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamResult};

use super::charge::WriteCharge;
use crate::capability::BlockingSlots;
use crate::capability::stream::ClosedStream;

struct ChargedStream {
    stream: DynOutputStream,
    charge: WriteCharge,
    blocking_slots: BlockingSlots,
    /// `true` if the directory has been measured since the quota was last used up.
    is_measured: bool,
}

/// Bounds the writes of the stream in `slot` by the quota that they are charged to.
pub(super) fn bound(
    table: &mut ResourceTable,
    slot: &Resource<DynOutputStream>,
    charge: WriteCharge,
    blocking_slots: &BlockingSlots,
) -> wasmtime::Result<()> {
    let stream = table.get_mut(slot)?;
    let inner = std::mem::replace(stream, Box::new(ClosedStream));
    *stream = Box::new(ChargedStream {
        stream: inner,
        charge,
        blocking_slots: blocking_slots.clone(),
        is_measured: false,
    });
    Ok(())
}

#[wasmtime_wasi::async_trait]
impl Pollable for ChargedStream {
    /// Measures the directory if the quota is used up, on a blocking thread.
    async fn ready(&mut self) {
        self.stream.ready().await;
        if self.charge.quota.left() == 0 && !self.is_measured {
            let quota = Arc::clone(&self.charge.quota);
            // Without a measurement the quota remains used up.
            let _ = self.blocking_slots.run(move || quota.measure()).await;
            self.is_measured = true;
        }
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for ChargedStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
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
