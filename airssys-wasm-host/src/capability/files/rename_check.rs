//! The check that a rename does not change grants.
//!
//! Made when the rename starts on its blocking thread, because grants may change until then.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files_stuck.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::{DenialReason, FileAccess, Policy};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::path::GuestPath;
use super::roots::is_uniform;
use crate::capability::Authority;
use crate::observe::CallId;

/// A rename of a path whose grants may differ from those of the new one.
pub(super) struct RenameCheck {
    pub(super) authority: Arc<Authority>,
    pub(super) call: CallId,
    pub(super) from: GuestPath,
    pub(super) to: GuestPath,
    pub(super) is_directory: bool,
    /// `true` if grants differ by path; otherwise every rename is allowed.
    pub(super) is_fine_grained: bool,
}

impl RenameCheck {
    /// Checks the rename under the present grants, and records a refusal. A file needs the same
    /// grants under both names, and a directory needs them for every name in both.
    pub(super) fn verify(&self) -> FsResult<()> {
        let Some(problem) = self.problem() else {
            return Ok(());
        };
        let reason = DenialReason::LeavesGrant {
            problem: problem.into(),
        };
        let operation = self.to.operation(FileAccess::Write);
        self.authority.refuse(&operation, reason, self.call);
        Err(ErrorCode::NotPermitted.into())
    }

    fn problem(&self) -> Option<&'static str> {
        if !self.is_fine_grained {
            return None;
        }
        let policy = self.authority.policy();
        if !have_same_uses(&policy, &self.from, &self.to, self.authority.now()) {
            return Some("a rename to a name with different grants");
        }
        let is_uniform = is_uniform(&self.from, &policy) && is_uniform(&self.to, &policy);
        (self.is_directory && !is_uniform)
            .then_some("the rename of a directory in which grants differ by path")
    }
}

/// Returns `true` if two paths allow the same uses by the same grants, special files included.
fn have_same_uses(policy: &Policy, a: &GuestPath, b: &GuestPath, now: u64) -> bool {
    let decide = |access, path: &GuestPath| policy.decide(&path.operation(access), now);
    let both = |access| (decide(access, a), decide(access, b));
    let (read, new_read) = both(FileAccess::Read);
    let (write, new_write) = both(FileAccess::Write);
    let same_special = |access| {
        policy.granted_special_options(&a.operation(access))
            == policy.granted_special_options(&b.operation(access))
    };
    read.is_allowed() == new_read.is_allowed()
        && write == new_write
        && same_special(FileAccess::Read)
        && same_special(FileAccess::Write)
}
