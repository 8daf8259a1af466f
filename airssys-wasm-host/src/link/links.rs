//! The links of a revision: the deployments that serve its imports.
//!
//! Tests: `tests/suite/links`.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::world::{
    Interface, LinkCandidate, LinkProblem, World, find_server, foreign_resource,
};
use arc_swap::ArcSwap;

use super::function::{LinkedFunction, LinkedFunctions};
use super::state::InstanceLinks;
use crate::call::{CallContext, leave};
use crate::capability::{Caller, Providers};
use crate::deployment::DeploymentEntry;
use crate::instance::InstanceState;
use crate::linker;
use crate::revision::{LinkBindings, LinkSet, Revision};
use crate::{Error, ErrorClass, ErrorKind, Result};

/// The functions that a revision calls in other deployments, in the order of its imports.
#[derive(Default)]
pub(crate) struct RevisionLinks(ArcSwap<Vec<Arc<LinkedFunction>>>);

impl RevisionLinks {
    /// Returns the functions, for an instance to hold.
    fn functions(&self) -> LinkedFunctions {
        self.0.load_full()
    }

    /// Takes the functions of links that were resolved later.
    fn set_functions(&self, found: &Self) {
        self.0.store(found.functions());
    }
}

impl LinkSet for RevisionLinks {
    fn required_calls(&self) -> BTreeSet<(String, ComponentName)> {
        let functions = self.0.load();
        functions
            .iter()
            .map(|link| (link.interface.clone(), link.target.name.clone()))
            .collect()
    }

    fn targets(&self) -> BTreeMap<String, ComponentName> {
        let functions = self.0.load();
        let name = |link: &Arc<LinkedFunction>| {
            let same = functions
                .iter()
                .filter(|other| other.interface == link.interface);
            let is_one = same
                .map(|other| &other.target.name)
                .all(|name| *name == link.target.name);
            if is_one {
                link.interface.clone()
            } else {
                link.version.clone()
            }
        };
        functions
            .iter()
            .map(|link| (name(link), link.target.name.clone()))
            .collect()
    }

    fn check_targets(&self) -> Result<()> {
        let functions = self.0.load();
        let mut targets = functions.iter().map(|link| &link.target);
        targets.try_for_each(|target| target.check_not_ended())
    }

    fn release(&self) {
        self.0.store(Arc::default());
    }

    fn add_slots(&self, state: &mut InstanceState, caller: Caller) {
        state.add_slot(CallContext::default());
        state.add_slot(InstanceLinks::new(self.functions(), caller));
    }

    fn end_start(&self, state: &mut InstanceState) {
        leave(state);
    }
}

/// Gives a revision the links that were resolved after it was restored.
pub(crate) fn set_links(revision: &Revision, found: &RevisionLinks) {
    let links: &dyn Any = &*revision.links;
    if let Some(links) = links.downcast_ref::<RevisionLinks>() {
        links.set_functions(found);
    }
}

/// Returns `true` if a component imports something that the host does not provide.
pub(crate) fn needs_links(world: &World, providers: &Providers) -> bool {
    !linker::unprovided(world, providers).is_empty()
}

/// Finds a deployment among `deployed` for each import that the host does not provide.
///
/// # Errors
///
/// [`ErrorKind::UnresolvedImport`], with every import that is not served, the candidates, and the
/// reason each does not fit. Its code depends on the cause: an import is ambiguous, or only the host
/// can provide it.
pub(crate) fn resolve(
    caller: &ComponentName,
    world: &World,
    providers: &Providers,
    deployed: &[Arc<DeploymentEntry>],
    bound: &LinkBindings,
) -> Result<RevisionLinks> {
    let mut problems = linker::world_level_problems(world, providers);
    let at_world_level = problems.len();
    // The remedy for the first import that several deployments could serve.
    let mut choice = None;
    let revisions: Vec<_> = deployed
        .iter()
        .filter(|deployment| deployment.name != *caller)
        .map(|deployment| (deployment, deployment.revision()))
        .collect();
    let offers: Vec<LinkCandidate<'_>> = revisions
        .iter()
        .map(|(deployment, revision)| LinkCandidate {
            name: &deployment.name,
            world: revision.component.world(),
        })
        .collect();
    let mut served: Vec<(&Interface, &ComponentName)> = Vec::new();
    for import in linker::unprovided(world, providers) {
        match find_server(import, &offers, bound.get(import.name.path())) {
            Ok(name) => served.push((import, name)),
            Err(problem) => {
                if let LinkProblem::Ambiguous { import, candidates } = &problem {
                    choice.get_or_insert(format!(
                        "choose one with `.link(\"{import}\", \"{}\")`",
                        candidates[0]
                    ));
                }
                problems.push(describe_problem(import, &problem, providers));
            }
        }
    }
    let (mut functions, all_served) = (Vec::new(), problems.is_empty());
    for (import, name) in served.iter().filter(|_| all_served) {
        if let Some(resource) = foreign_resource(import, name, |interface| {
            serving_deployment(&served, interface)
        }) {
            problems.push(foreign_resource_problem(import, resource, name));
            continue;
        }
        let target = deployed.iter().find(|deployment| deployment.name == **name);
        let target = target.expect("the target is one of the offered deployments");
        for function in &import.functions {
            functions.push(Arc::new(LinkedFunction::connect(
                caller, import, function, target,
            )?));
        }
    }
    if problems.is_empty() {
        return Ok(RevisionLinks(ArcSwap::from_pointee(functions)));
    }
    let message = format!("imports without a provider: {}", problems.join("; "));
    Err(match choice {
        Some(choice) => Error::new(ErrorClass::AMBIGUOUS_IMPORT, message).with_remedy(choice),
        None if at_world_level == problems.len() => {
            Error::new(ErrorClass::MISSING_HOST_FUNCTION, message)
        }
        None => Error::new(ErrorKind::UnresolvedImport, message),
    })
}

/// Checks that each interface with a configured link is imported from another deployment.
///
/// # Errors
///
/// [`ErrorKind::UnresolvedImport`], listing what is imported.
pub(crate) fn check_bindings(
    bindings: &LinkBindings,
    world: &World,
    providers: &Providers,
) -> Result<()> {
    let imported: Vec<&str> = linker::unprovided(world, providers)
        .into_iter()
        .map(|import| import.name.path())
        .collect();
    let Some(interface) = bindings
        .keys()
        .find(|interface| !imported.contains(&interface.as_str()))
    else {
        return Ok(());
    };
    let there = if imported.is_empty() {
        "none".into()
    } else {
        format!("`{}`", imported.join("`, `"))
    };
    let message = format!(
        "a link was given for `{interface}`, but the component imports no such interface from another component; it imports {there}"
    );
    Err(Error::new(ErrorKind::UnresolvedImport, message))
}

fn foreign_resource_problem(import: &Interface, resource: &str, server: &ComponentName) -> String {
    format!(
        "`{}`: it takes or returns handles of `{resource}`, which may be passed only to the deployment that defines the resource; `{server}` serves this interface, but not that one",
        import.name
    )
}

/// Returns the deployment that serves an interface, in any version. `None` if no deployment or
/// several do.
fn serving_deployment<'a>(
    served: &[(&Interface, &'a ComponentName)],
    path: &str,
) -> Option<&'a ComponentName> {
    let mut servers = served
        .iter()
        .filter(|(import, _)| import.name.path() == path)
        .map(|(_, name)| *name);
    let first = servers.next()?;
    servers.all(|name| name == first).then_some(first)
}

/// Describes an import that is not served. For one that looks like WASI, describes what the host
/// provides of it.
fn describe_problem(import: &Interface, problem: &LinkProblem, providers: &Providers) -> String {
    match problem {
        LinkProblem::NoExporter { hint } if hint.is_empty() => {
            linker::missing_import_message(&import.name, providers)
        }
        problem => format!("`{}`: {problem}", import.name),
    }
}
