//! A compiled and linked component, ready to be instantiated any number of times.
//!
//! Chooses between pooled and on-demand allocation; holds no instances itself.
//!
//! Tests: `tests/suite/components.rs`.

mod programs;

use std::pin::pin;
use std::sync::{Arc, OnceLock};

use wasmtime::component::InstancePre;
use wasmtime::{PoolConcurrencyLimitError, Store};

pub(crate) use programs::Programs;

use crate::code_cache::StopHandle;
use crate::engine::{Allocation, Profile};
use crate::instance::{InstanceState, run_catching_panics};
use crate::observe::Event;
use crate::{Component, Error, ErrorClass, Result};

/// The compiled code of a component for one profile, linked.
pub(crate) struct Program {
    profile: Profile,
    /// `None` if the component does not fit into a slot of the pool.
    pooled: Option<InstancePre<InstanceState>>,
    /// Linked on first use.
    on_demand: OnceLock<InstancePre<InstanceState>>,
    /// Held by the call that has the program linked on demand; other calls wait for it.
    link_turn: tokio::sync::Mutex<()>,
    /// Held by the thread that links: the call that started it may have been cancelled.
    load_lock: parking_lot::Mutex<()>,
    component: Component,
}

impl Program {
    /// Compiles the component or loads its code from the cache, then links it. Fails if `stop`
    /// stops the compiler. Blocks.
    pub(crate) fn load(
        programs: &Programs,
        profile: Profile,
        component: &Component,
        stop: &StopHandle,
    ) -> Result<Self> {
        let mut program = Self::unlinked(profile, component);
        match programs.engines.get(profile, Allocation::Pooled) {
            Ok(compiling) => {
                let code = programs.code_cache.code(&compiling, component, stop)?;
                match code.load(&compiling.engine) {
                    Ok(compiled) => {
                        program.pooled =
                            Some(program.link(programs, Allocation::Pooled, &compiled)?);
                    }
                    Err(error) => program.fall_back(programs, &format!("{error:#}"))?,
                }
            }
            Err(error) => program.fall_back(programs, &error.to_string())?,
        }
        Ok(program)
    }

    /// Loads the code of the component from the cache and links it. Returns `None` if the code is
    /// not cached or not small, or if anything else prevents that: [`load`](Self::load) then returns
    /// the reason.
    fn load_small(programs: &Programs, profile: Profile, component: &Component) -> Option<Self> {
        let compiling = programs.engines.get(profile, Allocation::Pooled).ok()?;
        let code = programs
            .code_cache
            .small_code(&compiling, component.digest())?;
        let compiled = code.load(&compiling.engine).ok()?;
        let mut program = Self::unlinked(profile, component);
        let linked = program.link(programs, Allocation::Pooled, &compiled);
        program.pooled = Some(linked.ok()?);
        Some(program)
    }

    fn unlinked(profile: Profile, component: &Component) -> Self {
        Self {
            profile,
            pooled: None,
            on_demand: OnceLock::new(),
            link_turn: tokio::sync::Mutex::default(),
            load_lock: parking_lot::Mutex::default(),
            component: component.clone(),
        }
    }

    /// Returns `true` if instances come from the pool.
    pub(crate) fn is_pooled(&self) -> bool {
        self.pooled.is_some()
    }

    /// Instantiates the component in a new store: from the pool if a slot is free, otherwise on
    /// demand.
    pub(crate) async fn instantiate(
        self: &Arc<Self>,
        programs: &Arc<Programs>,
        mut store: impl FnMut(&wasmtime::Engine) -> Result<Store<InstanceState>>,
    ) -> Result<(
        Store<InstanceState>,
        wasmtime::Result<wasmtime::component::Instance>,
    )> {
        if let Some(pooled) = &self.pooled {
            let mut store = store(pooled.engine())?;
            let outcome = run_catching_panics(pin!(pooled.instantiate_async(&mut store))).await;
            match outcome {
                Err(error) if error.is::<PoolConcurrencyLimitError>() => {}
                outcome => return Ok((store, outcome)),
            }
        }
        let pre = self.on_demand(programs).await?;
        let mut store = store(pre.engine())?;
        let outcome = run_catching_panics(pin!(pre.instantiate_async(&mut store))).await;
        Ok((store, outcome))
    }

    fn fall_back(&self, programs: &Programs, reason: &str) -> Result<()> {
        self.link_on_demand(programs)?;
        if let Some(component) = self.component.name().cloned() {
            let reason = reason.to_owned();
            programs
                .announcer
                .announce(Event::AllocatedOnDemand { component, reason });
        }
        Ok(())
    }

    /// Returns the program linked for on-demand allocation. The first call links it on a blocking
    /// thread, since that may compile.
    async fn on_demand(
        self: &Arc<Self>,
        programs: &Arc<Programs>,
    ) -> Result<&InstancePre<InstanceState>> {
        if let Some(pre) = self.on_demand.get() {
            return Ok(pre);
        }
        let _turn = self.link_turn.lock().await;
        if self.on_demand.get().is_none() {
            let (program, shared) = (Arc::clone(self), Arc::clone(programs));
            programs
                .blocking
                .compile(move || program.link_on_demand(&shared).map(drop))
                .await?;
        }
        self.link_on_demand(programs)
    }

    /// Links the program for on-demand allocation. Blocks while it compiles.
    fn link_on_demand(&self, programs: &Programs) -> Result<&InstancePre<InstanceState>> {
        let _turn = self.load_lock.lock();
        if let Some(pre) = self.on_demand.get() {
            return Ok(pre);
        }
        let compiling = programs.engines.get(self.profile, Allocation::OnDemand)?;
        let code = programs
            .code_cache
            .code(&compiling, &self.component, &StopHandle::default())?;
        let compiled = code.load(&compiling.engine).map_err(|error| {
            Error::new(
                ErrorClass::UNUSABLE,
                format!("its compiled code cannot be loaded: {error:#}"),
            )
        })?;
        let pre = self.link(programs, Allocation::OnDemand, &compiled)?;
        Ok(self.on_demand.get_or_init(|| pre))
    }

    fn link(
        &self,
        programs: &Programs,
        allocation: Allocation,
        compiled: &wasmtime::component::Component,
    ) -> Result<InstancePre<InstanceState>> {
        programs
            .linkers
            .link((self.profile, allocation), compiled, self.component.world())
    }

    /// The compiled component, for its types.
    pub(crate) fn compiled(&self) -> &wasmtime::component::Component {
        self.linked().component()
    }

    /// The linked component. Its imported resource types are the host's.
    pub(crate) fn linked(&self) -> &InstancePre<InstanceState> {
        let pre = self.pooled.as_ref().or_else(|| self.on_demand.get());
        pre.expect("a loaded program is linked for one allocation at least")
    }
}
