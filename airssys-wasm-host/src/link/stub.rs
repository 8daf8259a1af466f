//! What stands in a component for a function of another: looks up its link and calls it.
//!
//! Linked by the place of the function among the imports; who serves it is the revision's.
//! Tests: the workspace's `tests/suite/links`.

use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::world::Interface;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::lane;
use super::links::Link;
use super::tree::Tree;
use crate::engine::Ticks;
use crate::instance::InstanceState;
use crate::{Error, ErrorKind};

/// Links a stub for each function of what other deployments serve.
pub(crate) fn define(linker: &mut Linker<InstanceState>, imports: &[&Interface]) -> wasmtime::Result<()> {
    let mut places = 0..;
    for import in imports {
        let mut instance = linker.instance(&import.name.to_string())?;
        for (function, place) in import.functions.iter().zip(&mut places) {
            lane::define(&mut instance, function, place)?;
        }
    }
    Ok(())
}

/// A call of another component that did not give a result. Ends the caller's call, which has
/// no way to be told.
#[derive(Debug)]
pub(crate) struct LinkFailed(pub(crate) Error);

impl std::error::Error for LinkFailed {}

impl fmt::Display for LinkFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A call through a link, once it was found to be allowed.
pub(super) struct Calling {
    pub(super) link: Arc<Link>,
    pub(super) tree: Arc<Tree>,
    /// The caller's.
    pub(super) deadline: Ticks,
}

impl Calling {
    pub(super) fn begin(
        store: &mut StoreContextMut<'_, InstanceState>,
        place: usize,
    ) -> wasmtime::Result<Self> {
        let state = store.data_mut();
        let Some(link) = state.link(place).cloned() else {
            let message = "the host that its links lead to has been dropped";
            return Err(LinkFailed(Error::new(ErrorKind::HostDropped, message)).into());
        };
        if !state.may_call(place, &link.interface) {
            let message =
                format!("calling `{}` is not granted any more: `call {}`", link.target.name, link.interface);
            return Err(LinkFailed(Error::new(ErrorKind::NotGranted, message)).into());
        }
        let (_, deadline) = state.time();
        Ok(Self { link, tree: state.tree(), deadline })
    }
}
