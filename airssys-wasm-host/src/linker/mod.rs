//! From imports to providers, fail closed.
//!
//! All that a component can import is linked by `capability`, once for each engine. An
//! import that nothing provides refuses the component and is named.
//! Tests: the workspace's `tests/bad_input` and `tests/authority`.

mod imports;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use parking_lot::Mutex;
use wasmtime::Engine;
use wasmtime::component::{InstancePre, Linker};

pub(crate) use imports::check as check_imports;

use crate::capability::{Providers, link};
use crate::engine::{Allocation, Profile};
use crate::instance::InstanceState;
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

    /// Links a component whose imports have been checked.
    pub(crate) fn link(
        &self,
        key: (Profile, Allocation),
        engine: &Engine,
        compiled: &wasmtime::component::Component,
    ) -> Result<InstancePre<InstanceState>> {
        let mut linkers = self.filled.lock();
        let linker = match linkers.entry(key) {
            Entry::Occupied(filled) => filled.into_mut(),
            Entry::Vacant(empty) => empty.insert(filled(engine, &self.providers)?),
        };
        linker.instantiate_pre(compiled).map_err(|error| {
            Error::new(
                ErrorKind::Unusable,
                format!("its imports do not fit what the host provides: {error:#}"),
            )
        })
    }
}

fn filled(engine: &Engine, providers: &Providers) -> Result<Linker<InstanceState>> {
    let mut linker = Linker::new(engine);
    link(&mut linker, providers).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("cannot link what is provided: {error:#}"))
    })?;
    Ok(linker)
}
