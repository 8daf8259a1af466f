//! Memory and tables of a whole store.
//!
//! wasmtime's own limiter looks at one memory at a time, so that a component with
//! several would get the limit for each; this one counts them together.
//! Tests: below, and with guests in the workspace's `tests/limits`.

use airssys_wasm_core::Limits;
use wasmtime::ResourceLimiter;

pub(super) struct Limiter {
    memory: Budget,
    table_elements: Budget,
    core_instances_max: usize,
    /// What was refused last, for the message of the trap that often follows.
    refused: Option<String>,
}

/// So much of something, however many share it.
struct Budget {
    used: usize,
    max: usize,
    /// For messages: what it is, and the limit's name.
    what: &'static str,
    limit: &'static str,
}

impl Budget {
    fn new(max: usize, what: &'static str, limit: &'static str) -> Self {
        Self { used: 0, max, what, limit }
    }

    /// Takes the growth from `current` to `desired`; the reason if it does not fit.
    fn grow(&mut self, current: usize, desired: usize) -> Result<(), String> {
        let grown = desired.saturating_sub(current);
        match self.used.checked_add(grown) {
            Some(used) if used <= self.max => {
                self.used = used;
                Ok(())
            }
            _ => Err(format!(
                "{grown} {} were asked for beside {} in use, and `{}` is {}",
                self.what, self.used, self.limit, self.max
            )),
        }
    }
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory: Budget::new(limits.memory_bytes_max, "bytes of memory", "memory_bytes_max"),
            table_elements: Budget::new(limits.table_elements_max, "table elements", "table_elements_max"),
            core_instances_max: limits.core_instances_max,
            refused: None,
        }
    }

    fn granted(&mut self, grow: impl FnOnce(&mut Self) -> Result<(), String>) -> bool {
        match grow(self) {
            Ok(()) => true,
            Err(reason) => {
                self.refused = Some(reason);
                false
            }
        }
    }

    /// What was refused last, if anything was.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.granted(|limiter| limiter.memory.grow(current, desired)))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.granted(|limiter| limiter.table_elements.grow(current, desired)))
    }

    fn instances(&self) -> usize {
        self.core_instances_max
    }

    fn tables(&self) -> usize {
        self.core_instances_max
    }

    fn memories(&self) -> usize {
        self.core_instances_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Limiter {
        Limiter::new(&Limits { memory_bytes_max: 100, table_elements_max: 10, ..Limits::default() })
    }

    #[test]
    fn counts_all_memories_together() {
        let mut limiter = limiter();
        assert!(limiter.memory_growing(0, 60, None).expect("an answer"));
        assert!(!limiter.memory_growing(0, 60, None).expect("an answer"), "a second memory");
        assert!(limiter.memory_growing(60, 100, None).expect("an answer"));
        assert!(limiter.refused().is_some_and(|why| why.contains("`memory_bytes_max` is 100")));
    }

    #[test]
    fn counts_all_tables_together() {
        let mut limiter = limiter();
        assert!(limiter.table_growing(0, 6, None).expect("an answer"));
        assert!(!limiter.table_growing(0, 6, None).expect("an answer"));
    }

    #[test]
    fn growth_beyond_the_guests_own_maximum_costs_nothing() {
        let mut limiter = limiter();
        assert!(!limiter.memory_growing(0, 60, Some(50)).expect("an answer"));
        assert!(limiter.memory_growing(0, 100, None).expect("an answer"));
    }
}
