//! How wasmtime is configured, each setting with its reason.
//!
//! Tests: the workspace's `tests/components` and `tests/limits`.

use airssys_wasm_core::{Component, Limits};
use wasmtime::{Config, PoolingAllocationConfig};

/// What compiled code and stores must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Profile {
    /// Component Model async: needed by `async` functions, streams and futures,
    /// and about four times the cost of a small call, so only for those.
    pub(crate) concurrency: bool,
    /// Counting fuel is compiled into the code.
    fuel: bool,
}

/// Where instances get their memory from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Allocation {
    /// From slots reserved when the engine is made: half the time to instantiate.
    Pooled,
    /// From the operating system, for components that no slot fits and for more
    /// instances at once than there are slots.
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
    /// Every profile there is.
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

    /// A name for it on a command line.
    pub(crate) fn name(self) -> &'static str {
        match (self.concurrency, self.fuel) {
            (false, false) => "plain",
            (false, true) => "fuel",
            (true, false) => "async",
            (true, true) => "async-fuel",
        }
    }

    /// The profile of a name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    pub(crate) fn of(component: &Component, limits: &Limits) -> Self {
        let concurrency = component.uses_async() || imports_wasi_0_3(component);
        Self {
            concurrency,
            fuel: limits.fuel_per_call.is_some(),
        }
    }

    /// The same with Component Model async.
    pub(crate) fn with_concurrency(self) -> Self {
        Self {
            concurrency: true,
            ..self
        }
    }
}

/// It is linked as a whole, and most of it is asynchronous.
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

/// Stack of the guest's own frames: recursion beyond it traps.
const WASM_STACK_BYTES: usize = 512 << 10;

/// Stack that a call runs on, the host's frames below the guest's included.
const CALL_STACK_BYTES: usize = 2 << 20;

/// Elements of a pooled table: a Rust or Go guest has hundreds, QuickJS and
/// Python thousands. Beyond it a component is allocated on demand.
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
        // Traps name functions; more frames than this say nothing more.
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(32));
    if profile.concurrency {
        config.wasm_component_model_async(true);
    }
    if allocation == Allocation::Pooled {
        config.allocation_strategy(pool(pooled_instances_max));
    }
    config
}

/// Slots for `instances` components at once. A component in Rust has about four
/// core instances (its own and the adapters'), one memory and two tables.
fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(8))
        .total_memories(instances)
        .total_tables(instances.saturating_mul(3))
        .table_elements(POOLED_TABLE_ELEMENTS)
        .total_stacks(instances)
        .total_gc_heaps(instances.min(64))
        // Enough warm pages that a small guest's memory is reset by a copy
        // instead of a system call.
        .linear_memory_keep_resident(64 << 10)
        .table_keep_resident(4 << 10)
        .max_unused_warm_slots(64);
    pool
}
