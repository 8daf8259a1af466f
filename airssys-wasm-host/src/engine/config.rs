//! The configuration of wasmtime, with the reason for each setting.
//!
//! Tests: `tests/suite/components.rs`, `tests/suite/limits.rs`.

use airssys_wasm_core::{Component, Limits};
use wasmtime::{Config, PoolingAllocationConfig};

/// The settings that compiled code and stores must share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Profile {
    /// Component Model async. Required by `async` functions, streams and futures; makes a small
    /// call about four times as expensive, so it is enabled only for those.
    pub(crate) concurrency: bool,
    /// Fuel counting, which is compiled into the code.
    fuel: bool,
}

/// The source of instances' memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Allocation {
    /// Slots reserved when the engine is created, which halves the time to instantiate.
    Pooled,
    /// The operating system, for components that exceed a slot and for more concurrent instances
    /// than there are slots.
    OnDemand,
}

impl Profile {
    /// Neither Component Model async nor fuel.
    pub(crate) const PLAIN: Self = Self {
        concurrency: false,
        fuel: false,
    };
    /// Component Model async, without fuel.
    pub(crate) const CONCURRENT: Self = Self {
        concurrency: true,
        fuel: false,
    };
    /// All profiles.
    pub(crate) const ALL: [Self; 4] = [
        Self::PLAIN,
        Self::CONCURRENT,
        Self {
            concurrency: false,
            fuel: true,
        },
        Self {
            concurrency: true,
            fuel: true,
        },
    ];

    /// Returns a name for use on a command line.
    pub(crate) fn name(self) -> &'static str {
        match (self.concurrency, self.fuel) {
            (false, false) => "plain",
            (false, true) => "fuel",
            (true, false) => "async",
            (true, true) => "async-fuel",
        }
    }

    /// Returns the profile with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    pub(crate) fn for_component(component: &Component, limits: &Limits) -> Self {
        let concurrency = component.uses_async() || imports_wasi_0_3(component);
        Self {
            concurrency,
            fuel: limits.fuel_per_call.is_some(),
        }
    }

    /// Enables Component Model async.
    pub(crate) fn with_concurrency(self) -> Self {
        Self {
            concurrency: true,
            ..self
        }
    }
}

/// Returns `true` if the component imports WASI 0.3, which is linked as a whole and mostly
/// asynchronous.
fn imports_wasi_0_3(component: &Component) -> bool {
    let mut imports = component.world().imports.interfaces.iter();
    imports.any(|import| {
        import.name.path().starts_with("wasi:")
            && import
                .name
                .version()
                .is_some_and(|version| (version.major, version.minor) == (0, 3))
    })
}

/// Stack for the guest's own frames; deeper recursion traps.
const WASM_STACK_BYTES: usize = 512 << 10;

/// Stack that a call runs on, including the host's frames.
const CALL_STACK_BYTES: usize = 2 << 20;

/// Elements of a pooled table: Rust and Go guests have hundreds, QuickJS and Python thousands.
/// Larger components are allocated on demand.
const POOLED_TABLE_ELEMENTS: usize = 10_000;

pub(super) fn config(
    profile: Profile,
    allocation: Allocation,
    pooled_instances_max: u32,
) -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(profile.concurrency)
        .consume_fuel(profile.fuel)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(CALL_STACK_BYTES)
        // Traps name functions; more frames than this add nothing useful.
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(32));
    if profile.concurrency {
        config.wasm_component_model_async(true);
    }
    if allocation == Allocation::Pooled {
        config.allocation_strategy(pooling_config(pooled_instances_max));
    }
    config
}

/// Returns slots for `instances` concurrent components. A component in Rust has about four core
/// instances (its own and the adapters'), one memory and two tables.
fn pooling_config(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(8))
        .total_memories(instances)
        .total_tables(instances.saturating_mul(3))
        .table_elements(POOLED_TABLE_ELEMENTS)
        .total_stacks(instances)
        .total_gc_heaps(instances.min(64))
        // Enough warm pages for a small guest's memory to be reset by a copy instead of a system
        // call.
        .linear_memory_keep_resident(64 << 10)
        .table_keep_resident(4 << 10)
        .max_unused_warm_slots(64);
    pool
}
