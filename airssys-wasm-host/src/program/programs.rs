//! The programs in use, and everything that makes others: engines, linkers, and the compiler.
//!
//! Tests: `tests/suite/components.rs`.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use airssys_wasm_core::{Digest, Limits};
use parking_lot::Mutex;

use super::Program;
use crate::blocking::BlockingThreads;
use crate::capability::Providers;
use crate::code_cache::{CodeCache, StopHandle};
use crate::engine::{Engines, Profile};
use crate::linker::Linkers;
use crate::observe::Announcer;
use crate::{Component, Result};

/// The programs of a host. Deployments of the same bytes share one.
pub(crate) struct Programs {
    pub(super) engines: Arc<Engines>,
    pub(super) linkers: Linkers,
    pub(super) code_cache: CodeCache,
    pub(super) blocking: BlockingThreads,
    pub(super) announcer: Arc<Announcer>,
    in_use: Mutex<HashMap<(Digest, Profile), Weak<Program>>>,
}

impl Programs {
    pub(crate) fn new(
        engines: &Arc<Engines>,
        linkers: Linkers,
        code_cache: CodeCache,
        blocking: &BlockingThreads,
        announcer: &Arc<Announcer>,
    ) -> Self {
        Self {
            engines: Arc::clone(engines),
            linkers,
            code_cache,
            blocking: blocking.clone(),
            announcer: Arc::clone(announcer),
            in_use: Mutex::default(),
        }
    }

    /// Returns the embedder's providers.
    pub(crate) fn providers(&self) -> &Providers {
        self.linkers.providers()
    }

    /// Selects the engine of a component from its types and its imports.
    fn profile(&self, component: &Component, limits: &Limits) -> Profile {
        let profile = Profile::for_component(component, limits);
        match self.linkers.needs_concurrency(component.world()) {
            true => profile.with_concurrency(),
            false => profile,
        }
    }

    /// Returns the program if that takes no longer than a few calls: it is in use, or its code is
    /// cached, intact and small. Compiles nothing.
    pub(crate) fn ready(&self, component: &Component, limits: &Limits) -> Option<Arc<Program>> {
        let key = (component.digest(), self.profile(component, limits));
        self.in_use(&key).or_else(|| {
            let program = Program::load_small(self, key.1, component)?;
            Some(self.add(key, program))
        })
    }

    /// Returns the program of a component, compiling it unless it exists already or `stop` stops
    /// that. Blocks while it compiles.
    pub(crate) fn get(
        &self,
        component: &Component,
        limits: &Limits,
        stop: &StopHandle,
    ) -> Result<Arc<Program>> {
        let key = (component.digest(), self.profile(component, limits));
        if let Some(program) = self.in_use(&key) {
            return Ok(program);
        }
        let program = Program::load(self, key.1, component, stop)?;
        Ok(self.add(key, program))
    }

    fn in_use(&self, key: &(Digest, Profile)) -> Option<Arc<Program>> {
        self.in_use.lock().get(key).and_then(Weak::upgrade)
    }

    fn add(&self, key: (Digest, Profile), program: Program) -> Arc<Program> {
        let program = Arc::new(program);
        let mut in_use = self.in_use.lock();
        in_use.retain(|_, program| program.strong_count() > 0);
        in_use.insert(key, Arc::downgrade(&program));
        program
    }
}
