//! How much all components of a host may take together.
//!
//! Tests: below, and the workspace's `tests/suite/budget.rs`.

use super::machine;

/// How much the components of a host take together at most.
///
/// [`Limits`](crate::Limits) bound one call or one instance; a budget bounds the sum of them. One
/// deployment takes no more than a [share](Budget::share_percent) of it, so that the others have
/// the rest. A call whose instance finds no room waits for some until its deadline, and memory that
/// a guest asks for beyond the budget is refused to it as its own out-of-memory.
///
/// By default a budget is [read from the machine](Budget::from_machine). A program with several
/// hosts divides what it has among them:
///
/// ```
/// use airssys_wasm_host::{Budget, Host};
///
/// let half = Budget { memory_bytes: 512 << 20, ..Budget::from_machine() };
/// let host = Host::builder().budget(half).build()?;
/// # Ok::<(), airssys_wasm_host::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Linear memory of all instances, idle ones included, in bytes.
    pub memory_bytes: u64,
    /// Percent of the budget that one deployment takes at most, 1 to 100. Default 50.
    pub share_percent: u8,
}

impl Budget {
    /// Memory is never taken to be less than this, in bytes.
    const MEMORY_BYTES_MIN: u64 = 64 << 20;

    /// Reads what this process may use: three quarters of the memory of the machine, or of its
    /// control group if that has a limit. Where neither is known, 1 GiB.
    #[must_use]
    pub fn from_machine() -> Self {
        let memory_bytes = machine::memory_bytes().map_or(1 << 30, |bytes| bytes / 4 * 3);
        Self { memory_bytes: memory_bytes.max(Self::MEMORY_BYTES_MIN), share_percent: 50 }
    }

    /// Names everything that is wrong with it.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.memory_bytes == 0 {
            problems.push("`memory_bytes` of the budget is 0".into());
        }
        if !(1..=100).contains(&self.share_percent) {
            problems.push(format!("`share_percent` of the budget is {}; write 1 to 100", self.share_percent));
        }
        problems
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::from_machine()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_that_is_none_is_named() {
        assert!(Budget::from_machine().problems().is_empty());
        let none = Budget { memory_bytes: 0, share_percent: 101 };
        assert_eq!(none.problems().len(), 2);
    }
}
