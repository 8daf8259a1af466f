//! The body of an outgoing request.
//!
//! Tests: `tests/suite/capabilities/http.rs`, `tests/suite/http/outgoing.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime_wasi_http::{Error, WasiBody};

use crate::http_body::BodyTap;

/// Watches the body of a request: sets `is_taken` once all of it was taken for sending, and fails
/// if its instance ended before it.
pub(super) struct UploadTap {
    /// Bytes left of the declared length, if one was declared.
    remaining: Option<u64>,
    is_taken: Arc<AtomicBool>,
    /// `true` once the instance that writes the body has ended.
    has_instance_ended: Arc<AtomicBool>,
}

impl UploadTap {
    pub(super) fn new(
        declared: Option<u64>,
        is_taken: Arc<AtomicBool>,
        has_instance_ended: Arc<AtomicBool>,
    ) -> Self {
        let tap = Self {
            remaining: declared,
            is_taken,
            has_instance_ended,
        };
        tap.note_declared_end();
        tap
    }

    fn note_declared_end(&self) {
        if self.remaining == Some(0) {
            self.set_taken();
        }
    }

    fn set_taken(&self) {
        self.is_taken.store(true, Ordering::SeqCst);
    }
}

impl BodyTap<WasiBody> for UploadTap {
    fn on_frame(&mut self, bytes: u64, _: &WasiBody) -> Result<(), Error> {
        self.remaining = self.remaining.map(|left| left.saturating_sub(bytes));
        self.note_declared_end();
        Ok(())
    }

    /// The end of an instance looks like the end of the body, but the instance may not have
    /// finished it.
    fn check_end(&mut self) -> Result<(), Error> {
        if self.has_instance_ended.load(Ordering::SeqCst) {
            return Err(Error::ConnectionTerminated);
        }
        Ok(())
    }

    fn on_end(&mut self, _: &WasiBody) {
        self.set_taken();
    }
}
