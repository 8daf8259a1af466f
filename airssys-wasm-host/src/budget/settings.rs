//! The settings of a host's budget.
//!
//! Tests: in this file, `tests/suite/budget.rs`.

use std::time::Duration;

use super::machine;

/// Limits on what all components of a host use together.
///
/// [`Limits`](crate::Limits) apply to one call or one instance; a budget applies to their sum. One
/// deployment uses at most a [share](Budget::share_percent) of it, so that the rest stays available
/// to the others. A call whose instance does not fit into memory waits until its deadline for
/// memory to become free. Memory that a guest requests beyond the budget is denied as if the guest
/// had run out of memory.
///
/// The default budget is [derived from the machine](Budget::from_machine). A program with several
/// hosts should divide it among them:
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
    /// Linear memory of all instances, including idle ones, in bytes.
    pub memory_bytes: u64,
    /// The number of files, sockets and outgoing connections that guests may have open at once.
    ///
    /// Beyond it a guest's `open` fails with `quota`, a new socket with `new-socket-limit`, and a
    /// request that needs another connection with `connection-limit-reached`. Incoming connections
    /// are not counted; the server that accepts them limits them.
    pub descriptors: u64,
    /// The number of operations that may occupy a blocking thread of the tokio runtime: file
    /// operations and name lookups. Defaults to 256, half of tokio's default number of blocking
    /// threads.
    ///
    /// [`Limits::blocking_operations_max`](crate::Limits::blocking_operations_max) limits those of
    /// one deployment in addition. An operation beyond either limit waits until another one ends.
    pub blocking_operations: u64,
    /// Memory for all compilers together, in bytes; at least 128 MiB.
    ///
    /// A compilation gets the part that its component's size requires, and waits until that is
    /// free. A component that requires more than the total is compiled alone. A
    /// [`CompilerProcess`](crate::CompilerProcess) fails if it exceeds its part; a compiler in the
    /// host's own process is not restricted to it.
    pub compile_memory_bytes: u64,
    /// The maximum time that a deployment waits for its component to be compiled. Defaults to 5
    /// minutes.
    ///
    /// A [`CompilerProcess`](crate::CompilerProcess) is killed after that. A compiler in the host's
    /// own process cannot be stopped: it continues in the background, and the next component of the
    /// same deployment waits until it has ended.
    pub compile_time_max: Duration,
    /// The maximum percentage of the budget that one deployment may use, 1 to 100. Defaults to 50.
    pub share_percent: u8,
}

impl Budget {
    /// The minimum for memory derived from the machine, in bytes.
    const MEMORY_BYTES_MIN: u64 = 64 << 20;

    /// The minimum of [`compile_memory_bytes`](Self::compile_memory_bytes), which a compiler needs
    /// for any component.
    pub const COMPILE_MEMORY_BYTES_MIN: u64 = 128 << 20;

    /// Descriptors assumed if the process has no limit.
    const DESCRIPTORS_WITHOUT_LIMIT: u64 = 1 << 20;

    /// Derives a budget from what this process may use.
    ///
    /// Memory is three quarters of the machine's memory, or of the limit of its control group if
    /// there is one; if neither is known, 1 GiB. Compilers get the other quarter, and at least 512
    /// MiB. Descriptors are a quarter of those that the process may open (`ulimit -n`): client
    /// connections get half, and the process itself the rest.
    #[must_use]
    pub fn from_machine() -> Self {
        let memory = machine::memory_bytes();
        let descriptors = machine::descriptors_max().unwrap_or(Self::DESCRIPTORS_WITHOUT_LIMIT) / 4;
        Self {
            memory_bytes: memory
                .map_or(1 << 30, |bytes| bytes / 4 * 3)
                .max(Self::MEMORY_BYTES_MIN),
            descriptors: descriptors.max(1),
            blocking_operations: 256,
            compile_memory_bytes: memory.map_or(0, |bytes| bytes / 4).max(512 << 20),
            compile_time_max: Duration::from_secs(5 * 60),
            share_percent: 50,
        }
    }

    /// Returns a message for each invalid setting.
    pub(crate) fn problems(&self) -> Vec<String> {
        let amounts = [
            ("memory_bytes", self.memory_bytes),
            ("descriptors", self.descriptors),
            ("blocking_operations", self.blocking_operations),
        ];
        let none = amounts.iter().filter(|(_, amount)| *amount == 0);
        let mut problems: Vec<_> = none
            .map(|(name, _)| format!("`{name}` of the budget is 0"))
            .collect();
        if self.compile_memory_bytes < Self::COMPILE_MEMORY_BYTES_MIN {
            let (bytes, least) = (self.compile_memory_bytes, Self::COMPILE_MEMORY_BYTES_MIN);
            problems.push(format!(
                "`compile_memory_bytes` of the budget is {bytes}; the minimum is {least}"
            ));
        }
        if !(1..=100).contains(&self.share_percent) {
            problems.push(format!(
                "`share_percent` of the budget is {}; set it to 1 to 100",
                self.share_percent
            ));
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
    fn invalid_settings_are_reported() {
        assert!(Budget::from_machine().problems().is_empty());
        let none = Budget {
            memory_bytes: 0,
            descriptors: 0,
            blocking_operations: 0,
            compile_memory_bytes: 0,
            share_percent: 101,
            ..Budget::from_machine()
        };
        assert_eq!(none.problems().len(), 5);
    }
}
