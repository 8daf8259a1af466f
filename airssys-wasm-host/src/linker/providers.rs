//! The embedder's providers, linked once when the host is built so that mistakes are found then.
//!
//! Tests: `tests/suite/embedding/mistakes.rs`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use airssys_wasm_core::world::InterfaceName;
use wasmtime::component::Linker;

use super::imports::is_built_in;
use crate::capability::{LinkedProvider, Providers, link};
use crate::engine::{Allocation, Engines, Profile};
use crate::instance::InstanceState;
use crate::{Error, ErrorClass, Result};

/// Checks that each provider links what it declares, and nothing that the host or another provider
/// links.
pub(super) fn check(mut providers: Vec<LinkedProvider>, engines: &Engines) -> Result<Providers> {
    if providers.is_empty() {
        return Ok(Arc::default());
    }
    check_names(&providers)?;
    let mut linkers = trial_linkers(engines)?;
    for provided in &mut providers {
        check_link(provided, &mut linkers)?;
    }
    Ok(providers.into())
}

/// Links the providers that an engine of this profile can run.
pub(super) fn link_all(
    linker: &mut Linker<InstanceState>,
    profile: Profile,
    providers: &Providers,
) -> wasmtime::Result<()> {
    let linked = providers
        .iter()
        .filter(|provided| profile.concurrency || !provided.needs_concurrency);
    linked
        .into_iter()
        .try_for_each(|provided| provided.link(linker))
}

/// Linkers of both profiles, with the host's own interfaces.
struct TrialLinkers {
    plain: Linker<InstanceState>,
    concurrent: Linker<InstanceState>,
}

fn trial_linkers(engines: &Engines) -> Result<TrialLinkers> {
    let linker = |profile| -> Result<Linker<InstanceState>> {
        let mut linker = Linker::new(&engines.get(profile, Allocation::OnDemand)?.engine);
        link(&mut linker, profile).map_err(|error| super::link_failed(&error))?;
        Ok(linker)
    };
    Ok(TrialLinkers {
        plain: linker(Profile::PLAIN)?,
        concurrent: linker(Profile::CONCURRENT)?,
    })
}

fn check_names(providers: &[LinkedProvider]) -> Result<()> {
    let mut owners: BTreeMap<&InterfaceName, &LinkedProvider> = BTreeMap::new();
    for provided in providers {
        for name in provided.imports() {
            if is_built_in(name) {
                let message = format!(
                    "{} provides `{name}`, which the host provides itself",
                    provided.label()
                );
                return Err(invalid_provider(message));
            }
            match owners.entry(name) {
                Entry::Vacant(free) => drop(free.insert(provided)),
                Entry::Occupied(owner) => {
                    let (first, second) = (owner.get().label(), provided.label());
                    let message =
                        format!("{first} and {second} both provide `{name}`; remove one of them");
                    return Err(invalid_provider(message));
                }
            }
        }
    }
    Ok(())
}

/// Links a provider after those before it. A provider with `async` functions links only where they
/// can run.
fn check_link(provided: &mut LinkedProvider, linkers: &mut TrialLinkers) -> Result<()> {
    provided.link(&mut linkers.concurrent).map_err(|error| {
        let message = format!("{} does not link: {error:#}", provided.label());
        invalid_provider(message).with_source(error)
    })?;
    let mut plain = linkers.plain.clone();
    match provided.link(&mut plain) {
        Ok(()) => linkers.plain = plain,
        Err(_) => provided.needs_concurrency = true,
    }
    let missing = provided
        .imports()
        .iter()
        .find(|name| !is_linked(&linkers.concurrent, name));
    match missing {
        None => Ok(()),
        Some(name) => Err(invalid_provider(format!(
            "{} declares `{name}`, but links nothing of that name; use the names of the WIT, \
             with the version if the package has one",
            provided.label()
        ))),
    }
}

/// Returns `true` if a name is linked: a linker refuses a second definition.
fn is_linked(linker: &Linker<InstanceState>, name: &InterfaceName) -> bool {
    linker
        .clone()
        .root()
        .func_wrap(&name.to_string(), |_, (): ()| Ok(()))
        .is_err()
}

fn invalid_provider(message: String) -> Error {
    Error::new(ErrorClass::INVALID_PROVIDER, message)
}
