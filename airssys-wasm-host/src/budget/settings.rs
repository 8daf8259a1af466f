//! How much all components of a host may take together.
//!
//! Tests: below, and the workspace's `tests/suite/budget.rs`.

use std::time::Duration;

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
    /// Files, sockets and outgoing connections that guests have open at once.
    ///
    /// Beyond it a guest's `open` fails with `quota`, a new socket with `new-socket-limit`, and a
    /// request that needs another connection with `connection-limit-reached`. Connections to
    /// components are not counted: the server that accepts them bounds them.
    pub descriptors: u64,
    /// Operations that hold a blocking thread of the tokio runtime: file operations and name
    /// lookups. Default 256, half of the threads that tokio has by default.
    ///
    /// [`Limits::blocking_operations_max`](crate::Limits::blocking_operations_max) bounds those of
    /// one deployment as well. An operation beyond either waits until one ends.
    pub blocking_operations: u64,
    /// Memory that all compilers take together, in bytes; at least 128 MiB.
    ///
    /// A component has as much of it as its size needs, and waits until that is free; one that needs
    /// more than there is is compiled alone. A [`CompilerProcess`](crate::CompilerProcess) fails if
    /// it needs more than it has; a compiler in the host's own process is not held to it.
    pub compile_memory_bytes: u64,
    /// Longest time that a deployment waits for its component to be compiled. Default 5 minutes.
    ///
    /// Then a [`CompilerProcess`](crate::CompilerProcess) is ended. A compiler in the host's own
    /// process cannot be stopped: it goes on in the background, and another component of the same
    /// name waits until it has ended.
    pub compile_time_max: Duration,
    /// Percent of the budget that one deployment takes at most, 1 to 100. Default 50.
    pub share_percent: u8,
}

impl Budget {
    /// Memory is never taken to be less than this, in bytes.
    const MEMORY_BYTES_MIN: u64 = 64 << 20;

    /// The least that [`compile_memory_bytes`](Self::compile_memory_bytes) may be: a compiler needs it
    /// for anything at all.
    pub const COMPILE_MEMORY_BYTES_MIN: u64 = 128 << 20;

    /// Descriptors where the process has no limit of them.
    const DESCRIPTORS_WITHOUT_LIMIT: u64 = 1 << 20;

    /// Reads what this process may use.
    ///
    /// Memory is three quarters of the memory of the machine, or of its control group if that has
    /// a limit; where neither is known, 1 GiB. Compilers have the other quarter, and at least 512
    /// MiB. Descriptors are a quarter of those that the process may open (`ulimit -n`): connections
    /// of clients have half, and the process itself the rest.
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

    /// Names everything that is wrong with it.
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
                "`compile_memory_bytes` of the budget is {bytes}; a compiler needs {least}"
            ));
        }
        if !(1..=100).contains(&self.share_percent) {
            problems.push(format!(
                "`share_percent` of the budget is {}; write 1 to 100",
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
    fn a_budget_that_is_none_is_named() {
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
