//! The check of an operation's permits when it starts on its blocking thread.
//!
//! An operation is allowed and recorded before it waits for a slot. A revocation meanwhile must stop
//! it, so each operation checks its permits again as the first thing that it does on its thread.
//! Tests: `tests/suite/capabilities/files_stuck.rs`.

use std::sync::Arc;

use crate::capability::{Authority, Permit};
use crate::observe::CallId;

/// The permits of an operation that has not started.
#[derive(Clone)]
pub(super) struct StartCheck {
    authority: Arc<Authority>,
    call: CallId,
    permits: Vec<Permit>,
}

impl StartCheck {
    pub(super) fn new(authority: &Arc<Authority>, call: CallId, permits: Vec<Permit>) -> Self {
        Self {
            authority: Arc::clone(authority),
            call,
            permits,
        }
    }

    /// Returns `true` if all permits still hold. Records a denial otherwise.
    pub(super) fn still_allows(mut self) -> bool {
        let Self {
            authority,
            call,
            permits,
        } = &mut self;
        permits
            .iter_mut()
            .all(|permit| authority.still_allows(permit, *call))
    }
}
