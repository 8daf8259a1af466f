//! Links imports to providers, and refuses components whose imports have none.
//!
//! `capability` and the embedder's providers link everything that a component can import, once per
//! engine. The error for a refused component names the import.
//! Tests: `tests/suite/bad_input.rs`, `tests/suite/authority.rs`.

mod imports;
mod providers;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use airssys_wasm_core::world::{Interface, World};
use parking_lot::Mutex;
use wasmtime::Engine;
use wasmtime::component::{InstancePre, Linker};

use imports::version_differences;
pub(crate) use imports::{missing_import_message, unprovided, world_level_problems};

use crate::capability::{LinkedProvider, Providers, link, provides, provides_function};
use crate::engine::{Allocation, Engines, Profile};
use crate::instance::InstanceState;
use crate::{Error, ErrorClass, ErrorKind, Result};

/// The linkers of a host, one for each engine, each filled once.
pub(crate) struct Linkers {
    filled: Mutex<HashMap<(Profile, Allocation), Linker<InstanceState>>>,
    providers: Providers,
    define_stubs: DefineStubs,
}

/// Links a stub for each function of interfaces that other deployments serve.
pub(crate) type DefineStubs = fn(&mut Linker<InstanceState>, &[&Interface]) -> wasmtime::Result<()>;

impl Linkers {
    /// Checks the embedder's providers.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfiguration`], with the provider and the problem.
    pub(crate) fn new(
        providers: Vec<LinkedProvider>,
        engines: &Engines,
        define_stubs: DefineStubs,
    ) -> Result<Self> {
        let providers = providers::check(providers, engines)?;
        Ok(Self {
            filled: Mutex::default(),
            providers,
            define_stubs,
        })
    }

    /// Returns `true` if a component imports something that links only where `async` functions can
    /// run.
    pub(crate) fn needs_concurrency(&self, world: &World) -> bool {
        let mut providers = self
            .providers
            .iter()
            .filter(|provided| provided.needs_concurrency);
        providers.any(|provided| {
            let mut interfaces = world.imports.interfaces.iter();
            let mut functions = world.imports.functions.iter();
            interfaces.any(|import| provides([provided], &import.name))
                || functions.any(|function| provides_function([provided], function))
        })
    }

    /// Returns the embedder's providers.
    pub(crate) fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Links a component whose imports have been checked: to the host and the embedder's providers,
    /// and to a stub for each function of another deployment.
    pub(crate) fn link(
        &self,
        key: (Profile, Allocation),
        compiled: &wasmtime::component::Component,
        world: &World,
    ) -> Result<InstancePre<InstanceState>> {
        let mut linker = self.linker(key, compiled.engine())?;
        let imports = unprovided(world, &self.providers);
        (self.define_stubs)(&mut linker, &imports)
            .and_then(|()| linker.instantiate_pre(compiled))
            .map_err(|error| {
                let mut message =
                    format!("its imports do not match what the host provides: {error:#}");
                for other in version_differences(world, &self.providers) {
                    message += &format!("; {other}");
                }
                Error::new(ErrorClass::UNUSABLE, message)
            })
    }

    fn linker(&self, key: (Profile, Allocation), engine: &Engine) -> Result<Linker<InstanceState>> {
        let mut linkers = self.filled.lock();
        Ok(match linkers.entry(key) {
            Entry::Occupied(filled) => filled.get().clone(),
            Entry::Vacant(empty) => empty
                .insert(fill_linker(key.0, engine, &self.providers)?)
                .clone(),
        })
    }
}

fn fill_linker(
    profile: Profile,
    engine: &Engine,
    providers: &Providers,
) -> Result<Linker<InstanceState>> {
    let mut linker = Linker::new(engine);
    let linked = link(&mut linker, profile)
        .and_then(|()| providers::link_all(&mut linker, profile, providers));
    linked.map_err(|error| link_failed(&error))?;
    Ok(linker)
}

fn link_failed(error: &wasmtime::Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("cannot link the provided interfaces: {error:#}"),
    )
}
