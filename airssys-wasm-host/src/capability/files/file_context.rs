//! The context of an operation on files: asks for permission, records refusals, and runs blocking
//! work.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::{DenialReason, FileAccess, Operation};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{FsError, FsResult};

use super::open::FilesState;
use super::path::GuestPath;
use super::quota::Quota;
use super::roots::Root;
use super::start_check::StartCheck;
use crate::budget::BudgetLease;
use crate::capability::descriptor::take_descriptor;
use crate::capability::{Authority, Permit};
use crate::observe::CallId;

/// The authority and the open directories of a revision, during one call.
#[derive(Clone, Copy)]
pub(super) struct FileContext<'a> {
    pub(super) authority: &'a Arc<Authority>,
    pub(super) revision: &'a FilesState,
    pub(super) call: CallId,
}

impl<'a> FileContext<'a> {
    /// Asks for permission, and records the answer.
    pub(super) fn ask(self, access: FileAccess, path: &GuestPath) -> FsResult<Permit> {
        self.authority
            .ask(path.operation(access), self.call)
            .map_err(|_| ErrorCode::NotPermitted.into())
    }

    /// Returns a permit if the access is allowed. Does not record a denial, because the caller then
    /// tries another access.
    pub(super) fn ask_unless_denied(self, access: FileAccess, path: &GuestPath) -> Option<Permit> {
        self.authority
            .ask_unless_denied(path.operation(access), self.call)
    }

    /// Returns `true` if the access would be allowed. Records nothing.
    pub(super) fn would_allow(self, access: FileAccess, path: &GuestPath) -> bool {
        self.authority.would_allow(&path.operation(access))
    }

    /// Records the denial of an operation for a reason found here, and returns the error for the
    /// guest.
    pub(super) fn refuse(self, operation: &Operation, reason: DenialReason) -> FsError {
        self.authority.refuse(operation, reason, self.call);
        ErrorCode::NotPermitted.into()
    }

    /// Records that a write exceeds a quota, and returns the error for the guest.
    pub(super) fn refuse_over_quota(self, permit: &Permit, quota: &Quota) -> FsError {
        let rule = quota.rule.clone();
        self.refuse(permit.operation(), DenialReason::OverQuota { rule });
        ErrorCode::Quota.into()
    }

    /// Takes a descriptor for a file that is about to be opened.
    pub(super) fn take_descriptor(
        self,
        access: FileAccess,
        path: &GuestPath,
    ) -> FsResult<BudgetLease> {
        let operation = path.operation(access);
        take_descriptor(&self.revision.share, self.authority, &operation, self.call)
            .ok_or_else(|| ErrorCode::Quota.into())
    }

    /// Returns the quota that a permit to write is subject to, if any.
    pub(super) fn quota(self, permit: &Permit) -> Option<&'a Arc<Quota>> {
        self.revision.roots.quotas.get(permit.rule())
    }

    /// Returns `true` if anything in a directory may be read, written or walked through.
    pub(super) fn may_reach(self, directory: &GuestPath) -> bool {
        let accesses = [FileAccess::Traverse, FileAccess::Write, FileAccess::Append];
        accesses
            .into_iter()
            .any(|access| self.would_allow(access, directory))
    }

    pub(super) fn root(self, index: usize) -> &'a Root {
        &self.revision.roots.all[index]
    }

    /// Returns the check that an operation makes when it starts.
    pub(super) fn start_check(self, permits: Vec<Permit>) -> StartCheck {
        StartCheck::new(self.authority, self.call, permits)
    }

    /// Runs an operation on a blocking thread of the deployment, if its permits still hold when it
    /// starts. Records a denial otherwise.
    pub(super) async fn run_blocking<T: Send + 'static>(
        self,
        permits: Vec<Permit>,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> FsResult<T> {
        let check = self.start_check(permits);
        let run = move || check.still_allows().then(operation);
        let slots = &self.revision.blocking_slots;
        let ended = slots.run(run).await.map_err(FsError::trap)?;
        ended.ok_or_else(|| ErrorCode::NotPermitted.into())
    }
}
