//! A component compiled and linked, ready to be instantiated any number of times.
//!
//! Decides where instances get their memory from; holds none itself.
//! Tests: the workspace's `tests/components`.

use std::pin::pin;
use std::sync::{Arc, OnceLock};

use wasmtime::component::InstancePre;
use wasmtime::{PoolConcurrencyLimitError, Store};

use crate::code_cache::Stop;
use crate::engine::{Allocation, Profile};
use crate::instance::{InstanceState, contained};
use crate::observe::Event;
use crate::runtime::Runtime;
use crate::{Component, Error, ErrorKind, Result};

/// Compiled code for one profile, linked.
pub(crate) struct Program {
    profile: Profile,
    /// None where the component exceeds the pool's slots.
    pooled: Option<InstancePre<InstanceState>>,
    /// Linked when first needed.
    on_demand: OnceLock<InstancePre<InstanceState>>,
    /// One call has it linked; others wait for that one.
    linking: tokio::sync::Mutex<()>,
    /// The same for the threads that link: a call may have left in the middle.
    compiling: parking_lot::Mutex<()>,
    component: Component,
}

impl Program {
    /// Compiles unless that is stopped, or loads from the cache, and links. Blocks.
    pub(crate) fn load(
        runtime: &Runtime,
        profile: Profile,
        component: &Component,
        stop: &Stop,
    ) -> Result<Self> {
        let mut program = Self {
            profile,
            pooled: None,
            on_demand: OnceLock::new(),
            linking: tokio::sync::Mutex::default(),
            compiling: parking_lot::Mutex::default(),
            component: component.clone(),
        };
        match runtime.engines.get(profile, Allocation::Pooled) {
            Ok(compiling) => {
                let code = runtime.code_cache.code(&compiling, component, stop)?;
                match code.load(&compiling.engine) {
                    Ok(compiled) => {
                        program.pooled =
                            Some(program.link(runtime, Allocation::Pooled, &compiled)?);
                    }
                    Err(error) => program.fall_back(runtime, &format!("{error:#}"))?,
                }
            }
            Err(error) => program.fall_back(runtime, &error.to_string())?,
        }
        Ok(program)
    }

    /// Whether instances come from the pool.
    pub(crate) fn is_pooled(&self) -> bool {
        self.pooled.is_some()
    }

    /// What to instantiate, and a store for it: from the pool if a slot is free.
    pub(crate) async fn instantiate(
        self: &Arc<Self>,
        runtime: &Arc<Runtime>,
        mut store: impl FnMut(&wasmtime::Engine) -> Result<Store<InstanceState>>,
    ) -> Result<(
        Store<InstanceState>,
        wasmtime::Result<wasmtime::component::Instance>,
    )> {
        if let Some(pooled) = &self.pooled {
            let mut store = store(pooled.engine())?;
            let outcome = contained(pin!(pooled.instantiate_async(&mut store))).await;
            match outcome {
                Err(error) if error.is::<PoolConcurrencyLimitError>() => {}
                outcome => return Ok((store, outcome)),
            }
        }
        let pre = self.on_demand(runtime).await?;
        let mut store = store(pre.engine())?;
        let outcome = contained(pin!(pre.instantiate_async(&mut store))).await;
        Ok((store, outcome))
    }

    fn fall_back(&self, runtime: &Runtime, reason: &str) -> Result<()> {
        self.link_on_demand(runtime)?;
        if let Some(component) = self.component.name().cloned() {
            let reason = reason.to_owned();
            runtime
                .announcer
                .announce(Event::AllocatedOnDemand { component, reason });
        }
        Ok(())
    }

    /// Linked for allocation on demand; the first time away from the threads that
    /// serve calls, for it may have to be compiled.
    async fn on_demand(
        self: &Arc<Self>,
        runtime: &Arc<Runtime>,
    ) -> Result<&InstancePre<InstanceState>> {
        if let Some(pre) = self.on_demand.get() {
            return Ok(pre);
        }
        let _turn = self.linking.lock().await;
        if self.on_demand.get().is_none() {
            let (program, shared) = (Arc::clone(self), Arc::clone(runtime));
            runtime
                .aside
                .compile(move || program.link_on_demand(&shared).map(drop))
                .await?;
        }
        self.link_on_demand(runtime)
    }

    /// Blocks while it compiles.
    fn link_on_demand(&self, runtime: &Runtime) -> Result<&InstancePre<InstanceState>> {
        let _turn = self.compiling.lock();
        if let Some(pre) = self.on_demand.get() {
            return Ok(pre);
        }
        let compiling = runtime.engines.get(self.profile, Allocation::OnDemand)?;
        let code = runtime
            .code_cache
            .code(&compiling, &self.component, &Stop::default())?;
        let compiled = code.load(&compiling.engine).map_err(|error| {
            Error::new(
                ErrorKind::Unusable,
                format!("its compiled code cannot be loaded: {error:#}"),
            )
        })?;
        let pre = self.link(runtime, Allocation::OnDemand, &compiled)?;
        Ok(self.on_demand.get_or_init(|| pre))
    }

    fn link(
        &self,
        runtime: &Runtime,
        allocation: Allocation,
        compiled: &wasmtime::component::Component,
    ) -> Result<InstancePre<InstanceState>> {
        runtime
            .linkers
            .link((self.profile, allocation), compiled, self.component.world())
    }

    /// The compiled component, for its types.
    pub(crate) fn compiled(&self) -> &wasmtime::component::Component {
        self.linked().component()
    }

    /// The linked component: its imported resources are those of the host.
    pub(crate) fn linked(&self) -> &InstancePre<InstanceState> {
        let pre = self.pooled.as_ref().or_else(|| self.on_demand.get());
        pre.expect("a loaded program is linked for one allocation at least")
    }
}
