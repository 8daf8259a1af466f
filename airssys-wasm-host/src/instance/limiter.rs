//! Limits on the memory and tables of a whole store.
//!
//! wasmtime's own limiter checks one memory at a time, so that a component with several memories
//! would get the limit for each. This limiter adds them up.
//! Tests: in this file, `tests/suite/limits.rs`.

use std::sync::Arc;

use airssys_wasm_core::Limits;
use wasmtime::ResourceLimiter;

use crate::budget::{DeploymentShare, Shortage};

pub(super) struct Limiter {
    memory: TotalLimit,
    table_elements: TotalLimit,
    share: Arc<DeploymentShare>,
    /// The shortage in the host's budget that refused memory, if any.
    shortage: Option<Shortage>,
    core_instances_max: usize,
    /// The last refusal, for the message of the trap that often follows.
    last_refusal: Option<String>,
}

/// A limit shared by all memories or by all tables of a store.
struct TotalLimit {
    used: usize,
    max: usize,
    /// For messages: the unit, and the name of the limit.
    unit: &'static str,
    limit_name: &'static str,
}

impl TotalLimit {
    fn new(max: usize, what: &'static str, limit: &'static str) -> Self {
        Self {
            used: 0,
            max,
            unit: what,
            limit_name: limit,
        }
    }

    /// Adds the growth from `current` to `desired`. Fails with the reason if it does not fit.
    fn grow(&mut self, current: usize, desired: usize) -> Result<(), String> {
        let grown = desired.saturating_sub(current);
        match self.used.checked_add(grown) {
            Some(used) if used <= self.max => {
                self.used = used;
                Ok(())
            }
            _ => Err(format!(
                "{grown} more {} requested with {} in use, but `{}` is {}",
                self.unit, self.used, self.limit_name, self.max
            )),
        }
    }
}

impl Limiter {
    pub(super) fn new(limits: &Limits, share: &Arc<DeploymentShare>) -> Self {
        Self {
            memory: TotalLimit::new(
                limits.memory_bytes_max,
                "bytes of memory",
                "memory_bytes_max",
            ),
            table_elements: TotalLimit::new(
                limits.table_elements_max,
                "table elements",
                "table_elements_max",
            ),
            share: Arc::clone(share),
            shortage: None,
            core_instances_max: limits.core_instances_max,
            last_refusal: None,
        }
    }

    fn try_grow(&mut self, grow: impl FnOnce(&mut Self) -> Result<(), String>) -> bool {
        match grow(self) {
            Ok(()) => true,
            Err(reason) => {
                self.last_refusal = Some(reason);
                false
            }
        }
    }

    /// Returns the last refusal, if any.
    pub(super) fn last_refusal(&self) -> Option<&str> {
        self.last_refusal.as_deref()
    }

    /// Returns the shortage in the host's budget that refused memory, if any.
    pub(super) fn shortage(&self) -> Option<Shortage> {
        self.shortage
    }

    /// Takes memory from the instance's limit, and then from the host's budget.
    fn grow_memory(&mut self, current: usize, desired: usize) -> Result<(), String> {
        self.memory.grow(current, desired)?;
        let grown = desired.saturating_sub(current);
        self.share.memory().take(grown as u64).map_err(|shortage| {
            self.memory.used -= grown;
            self.shortage = Some(shortage);
            refusal(grown, &self.share, shortage)
        })
    }
}

fn refusal(bytes: usize, share: &DeploymentShare, shortage: Shortage) -> String {
    let taken = share.memory().taken();
    match shortage {
        Shortage::Share(max) => format!(
            "{bytes} more bytes of memory requested with {taken} in use by the deployment, but its share of the host's budget is {max}"
        ),
        Shortage::Host(max) => format!(
            "{bytes} more bytes of memory requested, which exceeds the host's budget of {max} for all deployments"
        ),
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.share.memory().release(self.memory.used as u64);
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
        Ok(self.try_grow(|limiter| limiter.grow_memory(current, desired)))
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
        Ok(self.try_grow(|limiter| limiter.table_elements.grow(current, desired)))
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
    use crate::budget::{Budget, DeploymentShares};

    fn limiter() -> Limiter {
        let shares = DeploymentShares::new(&Budget {
            memory_bytes: 300,
            ..Budget::from_machine()
        });
        with_share(&shares.get(&"limited".parse().expect("a name")))
    }

    fn with_share(share: &Arc<DeploymentShare>) -> Limiter {
        Limiter::new(
            &Limits {
                memory_bytes_max: 100,
                table_elements_max: 10,
                ..Limits::default()
            },
            share,
        )
    }

    #[test]
    fn instances_of_a_deployment_share_its_part_of_the_budget_and_give_it_back() {
        let shares = DeploymentShares::new(&Budget {
            memory_bytes: 300,
            ..Budget::from_machine()
        });
        let share = shares.get(&"limited".parse().expect("a name"));
        let (mut first, mut second) = (with_share(&share), with_share(&share));
        assert!(first.memory_growing(0, 100, None).expect("an answer"));
        assert!(!second.memory_growing(0, 60, None).expect("an answer"));
        assert!(
            second
                .last_refusal()
                .is_some_and(|why| why.contains("its share of the host's budget is 150"))
        );
        assert!(second.memory_growing(0, 50, None).expect("an answer"));
        drop(first);
        assert!(second.memory_growing(50, 100, None).expect("an answer"));
        drop(second);
        assert_eq!(share.memory().taken(), 0);
    }

    #[test]
    fn counts_all_memories_together() {
        let mut limiter = limiter();
        assert!(limiter.memory_growing(0, 60, None).expect("an answer"));
        assert!(
            !limiter.memory_growing(0, 60, None).expect("an answer"),
            "a second memory"
        );
        assert!(limiter.memory_growing(60, 100, None).expect("an answer"));
        assert!(
            limiter
                .last_refusal()
                .is_some_and(|why| why.contains("`memory_bytes_max` is 100"))
        );
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
