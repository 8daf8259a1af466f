//! From imports to providers, fail closed.
//!
//! All that a component can import is linked by `capability`, once for each engine. An
//! import that nothing provides refuses the component and is named.
//! Tests: the workspace's `tests/bad_input` and `tests/authority`.

mod imports;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use airssys_wasm_core::world::World;
use parking_lot::Mutex;
use wasmtime::Engine;
use wasmtime::component::{InstancePre, Linker};

pub(crate) use imports::{problem, unprovided, world_level_problems};

use crate::capability::{Providers, link};
use crate::engine::{Allocation, Profile};
use crate::instance::InstanceState;
use crate::link::define;
use crate::{Error, ErrorKind, Result};

/// One linker for each engine, filled once.
pub(crate) struct Linkers {
    filled: Mutex<HashMap<(Profile, Allocation), Linker<InstanceState>>>,
    providers: Providers,
}

impl Linkers {
    pub(crate) fn new(providers: Providers) -> Self {
        Self { filled: Mutex::default(), providers }
    }

    /// What the embedder provides.
    pub(crate) fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Links a component whose imports have been checked: what the host provides, and a stub
    /// for each function that another deployment does.
    pub(crate) fn link(
        &self,
        key: (Profile, Allocation),
        compiled: &wasmtime::component::Component,
        world: &World,
    ) -> Result<InstancePre<InstanceState>> {
        let mut linker = self.filled(key, compiled.engine())?;
        let imports = unprovided(world, &self.providers);
        define(&mut linker, &imports).and_then(|()| linker.instantiate_pre(compiled)).map_err(|error| {
            Error::new(
                ErrorKind::Unusable,
                format!("its imports do not fit what the host provides: {error:#}"),
            )
        })
    }

    fn filled(&self, key: (Profile, Allocation), engine: &Engine) -> Result<Linker<InstanceState>> {
        let mut linkers = self.filled.lock();
        Ok(match linkers.entry(key) {
            Entry::Occupied(filled) => filled.get().clone(),
            Entry::Vacant(empty) => empty.insert(filled(key.0, engine, &self.providers)?).clone(),
        })
    }
}

fn filled(profile: Profile, engine: &Engine, providers: &Providers) -> Result<Linker<InstanceState>> {
    let mut linker = Linker::new(engine);
    link(&mut linker, profile, providers).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("cannot link what is provided: {error:#}"))
    })?;
    Ok(linker)
}
