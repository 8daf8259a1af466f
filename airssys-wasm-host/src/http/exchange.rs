//! An HTTP exchange: what the guest's and the client's side of a request share.
//!
//! Tests: `tests/suite/http/ends.rs`.

use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, MutexGuard};

use super::response_state::ResponseState;
use crate::call;
use crate::deployment::DeploymentEntry;
use crate::observe::CallId;
use crate::revision::{CallDeadline, Revision};
use crate::{CallEnd, Error};

/// The name used for the guest's function in messages.
pub(super) const HANDLER_NAME: &str = "wasi:http";

/// A request that was given to a guest, and the state of its response.
pub(super) struct Exchange {
    deployment: Arc<DeploymentEntry>,
    revision: Arc<Revision>,
    /// The call in which the guest responds, once it has started.
    call: OnceLock<CallId>,
    state: Mutex<ResponseState>,
}

impl Exchange {
    pub(super) fn new(deployment: &Arc<DeploymentEntry>, revision: &Arc<Revision>) -> Arc<Self> {
        Arc::new(Self {
            deployment: Arc::clone(deployment),
            revision: Arc::clone(revision),
            call: OnceLock::new(),
            state: Mutex::default(),
        })
    }

    /// Locks the state of the response. Release it before a guest is polled or dropped.
    pub(super) fn state(&self) -> MutexGuard<'_, ResponseState> {
        self.state.lock()
    }

    /// Sets the call in which the guest responds, for reports.
    pub(super) fn set_call(&self, call: CallId) {
        let _ = self.call.set(call);
    }

    /// Cuts off the body, and reports the reason unless the guest has reported its own end.
    pub(super) fn cut_off(&self, end: CallEnd, detail: &str) {
        let is_unreported = self.state().cut_off();
        if is_unreported {
            self.report(end, detail);
        }
    }

    /// Reports that no head came until `deadline`.
    pub(super) fn report_timeout(&self, deadline: CallDeadline) {
        call::deadline_exceeded(&self.deployment, &self.revision, HANDLER_NAME, deadline);
    }

    /// Reports how the guest failed to respond.
    pub(super) fn report(&self, end: CallEnd, detail: &str) {
        let message = format!("`{HANDLER_NAME}` of {} {end}{detail}", self.revision);
        let error = Error::from_call_end(end, message);
        call::report_failure(
            &self.deployment,
            &self.revision,
            self.call.get().copied(),
            &error,
        );
    }
}
