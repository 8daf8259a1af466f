//! From imports to providers, fail closed.
//!
//! What is linked here is all that a component can import: WASI 0.2 with an empty
//! authority. An import that nothing provides refuses the component and is named.
//! Tests: the workspace's `tests/bad_input` and `tests/authority`.

mod imports;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use parking_lot::Mutex;
use wasmtime::Engine;
use wasmtime::component::{InstancePre, Linker};

pub(crate) use imports::check as check_imports;

use crate::engine::{Allocation, Profile};
use crate::instance::InstanceState;
use crate::{Error, ErrorKind, Result};

/// One linker for each engine, filled once.
#[derive(Default)]
pub(crate) struct Linkers(Mutex<HashMap<(Profile, Allocation), Linker<InstanceState>>>);

impl Linkers {
    /// Links a component whose imports have been checked.
    pub(crate) fn link(
        &self,
        key: (Profile, Allocation),
        engine: &Engine,
        compiled: &wasmtime::component::Component,
    ) -> Result<InstancePre<InstanceState>> {
        let mut linkers = self.0.lock();
        let linker = match linkers.entry(key) {
            Entry::Occupied(filled) => filled.into_mut(),
            Entry::Vacant(empty) => empty.insert(filled(engine)?),
        };
        linker.instantiate_pre(compiled).map_err(|error| {
            Error::new(
                ErrorKind::Unusable,
                format!("its imports do not fit what the host provides: {error:#}"),
            )
        })
    }
}

fn filled(engine: &Engine) -> Result<Linker<InstanceState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("cannot link WASI: {error:#}")))?;
    Ok(linker)
}
