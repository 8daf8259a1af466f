//! The links of a revision: the deployments that serve its imports.
//!
//! Tests: `tests/suite/links`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::world::{
    Function, Interface, LinkProblem, Offer, World, foreign_resource, link,
};
use arc_swap::ArcSwap;

use super::lane::{self, Calls};
use crate::capability::Providers;
use crate::deployment::Named;
use crate::linker;
use crate::{Error, ErrorKind, Result};

/// The deployments configured to serve interfaces, by the path of the interface without its
/// version.
pub(crate) type Bound = BTreeMap<String, ComponentName>;

/// The functions that a revision calls in other deployments, in the order of its imports.
#[derive(Default)]
pub(crate) struct Links {
    functions: ArcSwap<Vec<Arc<Link>>>,
    pub(crate) bound: Bound,
}

/// Functions of other deployments, by their places among the imports.
pub(crate) type Functions = Arc<Vec<Arc<Link>>>;

/// A function of another deployment.
pub(crate) struct Link {
    /// The path of the interface, which the caller must be granted.
    pub(crate) interface: String,
    /// The interface with the version that is imported.
    version: String,
    pub(crate) target: Arc<Named>,
    pub(super) calls: Calls,
}

impl Links {
    /// Returns the functions, for an instance to hold.
    pub(crate) fn functions(&self) -> Functions {
        self.functions.load_full()
    }

    /// Returns the interfaces that must be granted, without versions, and the deployments that
    /// serve them.
    pub(crate) fn calls(&self) -> BTreeSet<(String, ComponentName)> {
        let functions = self.functions.load();
        functions
            .iter()
            .map(|link| (link.interface.clone(), link.target.name.clone()))
            .collect()
    }

    /// Returns the deployment that serves each interface. An interface has a version only where
    /// several deployments serve versions of it.
    pub(crate) fn targets(&self) -> BTreeMap<String, ComponentName> {
        let functions = self.functions.load();
        let name = |link: &Arc<Link>| {
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

    /// Creates the links of a revision before the deployments that they lead to are ready.
    pub(crate) fn unresolved(bound: Bound) -> Self {
        Self {
            functions: ArcSwap::default(),
            bound,
        }
    }

    /// Takes the functions of links that were resolved later.
    pub(crate) fn fill(&self, found: &Self) {
        self.functions.store(found.functions());
    }

    /// Releases the other deployments: two that import each other would keep each other alive.
    pub(crate) fn cut(&self) {
        self.functions.store(Arc::default());
    }
}

/// Finds a deployment among `deployed` for each import that the host does not provide.
///
/// # Errors
///
/// [`ErrorKind::MissingImport`], [`ErrorKind::AmbiguousImport`] and
/// [`ErrorKind::MissingHostFunction`], with every import that is not served, the candidates, and
/// the reason each does not fit.
pub(crate) fn resolve(
    caller: &ComponentName,
    world: &World,
    providers: &Providers,
    deployed: &[Arc<Named>],
    bound: &Bound,
) -> Result<Links> {
    let mut problems = linker::world_level_problems(world, providers);
    let at_world_level = problems.len();
    let mut is_ambiguous = false;
    let revisions: Vec<_> = deployed
        .iter()
        .filter(|named| named.name != *caller)
        .map(|named| (named, named.revision()))
        .collect();
    let offers: Vec<Offer<'_>> = revisions
        .iter()
        .map(|(named, revision)| Offer {
            name: &named.name,
            world: revision.component.world(),
        })
        .collect();
    let mut served: Vec<(&Interface, &ComponentName)> = Vec::new();
    for import in linker::unprovided(world, providers) {
        match link(import, &offers, bound.get(import.name.path())) {
            Ok(name) => served.push((import, name)),
            Err(problem) => {
                is_ambiguous |= matches!(problem, LinkProblem::Ambiguous { .. });
                problems.push(told(import, &problem, providers));
            }
        }
    }
    let (mut functions, all_served) = (Vec::new(), problems.is_empty());
    for (import, name) in served.iter().filter(|_| all_served) {
        if let Some(resource) =
            foreign_resource(import, name, |interface| server(&served, interface))
        {
            problems.push(foreign(import, resource, name));
            continue;
        }
        let target = deployed.iter().find(|named| named.name == **name);
        let target = target.expect("the target is one of the offered deployments");
        for function in &import.functions {
            functions.push(Arc::new(connect(caller, import, function, target)?));
        }
    }
    if problems.is_empty() {
        return Ok(Links {
            functions: ArcSwap::from_pointee(functions),
            bound: bound.clone(),
        });
    }
    let kind = match is_ambiguous {
        true => ErrorKind::AmbiguousImport,
        false if at_world_level == problems.len() => ErrorKind::MissingHostFunction,
        false => ErrorKind::MissingImport,
    };
    Err(Error::new(
        kind,
        format!("imports without a provider: {}", problems.join("; ")),
    ))
}

/// Checks that each interface with a configured link is imported from another deployment.
///
/// # Errors
///
/// [`ErrorKind::MissingImport`], listing what is imported.
pub(crate) fn check_said(said: &Bound, world: &World, providers: &Providers) -> Result<()> {
    let imported: Vec<&str> = linker::unprovided(world, providers)
        .into_iter()
        .map(|import| import.name.path())
        .collect();
    let Some(interface) = said
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
    Err(Error::new(ErrorKind::MissingImport, message))
}

fn connect(
    caller: &ComponentName,
    import: &Interface,
    function: &Function,
    target: &Arc<Named>,
) -> Result<Link> {
    let calls = lane::connect(target, function, caller)?;
    let (interface, version) = (import.name.path().to_owned(), import.name.to_string());
    Ok(Link {
        interface,
        version,
        target: Arc::clone(target),
        calls,
    })
}

fn foreign(import: &Interface, resource: &str, server: &ComponentName) -> String {
    format!(
        "`{}`: it takes or returns handles of `{resource}`, which may be passed only to the deployment that defines the resource; `{server}` serves this interface, but not that one",
        import.name
    )
}

/// Returns the deployment that serves an interface, in any version. `None` if no deployment or
/// several do.
fn server<'a>(served: &[(&Interface, &'a ComponentName)], path: &str) -> Option<&'a ComponentName> {
    let mut servers = served
        .iter()
        .filter(|(import, _)| import.name.path() == path)
        .map(|(_, name)| *name);
    let first = servers.next()?;
    servers.all(|name| name == first).then_some(first)
}

/// Describes an import that is not served. For one that looks like WASI, describes what the host
/// provides of it.
fn told(import: &Interface, problem: &LinkProblem, providers: &Providers) -> String {
    match problem {
        LinkProblem::Nobody { hint } if hint.is_empty() => linker::problem(&import.name, providers),
        problem => format!("`{}`: {problem}", import.name),
    }
}
