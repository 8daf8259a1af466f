//! Finds the deployment that serves the import of another component.
//!
//! Matches by interface and semver; the export must have each imported function with the same type.
//! Links nothing.
//! Tests: in this file, `tests/suite/links`.

use std::fmt;

use thiserror::Error;

use super::{Function, Interface, InterfaceName, Type, World};
use crate::ComponentName;
use crate::suggest::{nearest, with_suggestion};

/// A deployment that can be linked to imports.
#[derive(Clone, Copy, Debug)]
pub struct LinkCandidate<'a> {
    /// The name of the deployment.
    pub name: &'a ComponentName,
    /// The world of its component.
    pub world: &'a World,
}

/// The reason an import cannot be linked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkProblem {
    /// No deployment exports an interface of that name.
    #[error("no deployed component exports it{hint}")]
    NoExporter {
        /// A suggestion for a similar interface.
        hint: String,
    },
    /// The deployments that export the interface cannot serve it.
    #[error("no deployment that exports it fits: {}", joined_candidates(.0))]
    NoneFits(Vec<RejectedCandidate>),
    /// Several deployments could serve the import.
    #[error("{} could serve it", quoted(.candidates))]
    Ambiguous {
        /// The imported interface, without its version.
        import: String,
        /// The deployments that could serve it.
        candidates: Vec<ComponentName>,
    },
    /// The import is linked explicitly to a deployment that does not exist.
    #[error("it is linked to `{bound}`, which is not deployed{hint}")]
    NotDeployed {
        /// The deployment to which the import is linked.
        bound: ComponentName,
        /// A suggestion for a similar name.
        hint: String,
    },
}

/// A deployment that exports an interface but cannot serve it, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedCandidate {
    /// The name of the deployment.
    pub candidate: ComponentName,
    /// A description of the mismatch.
    pub problem: String,
}

/// Returns the deployment that serves `import`: the one in `bound` if set, otherwise the only one
/// that can.
///
/// # Errors
///
/// Fails with [`LinkProblem`], which lists every deployment that exports the interface and the
/// reason it does not fit.
pub fn find_server<'a>(
    import: &Interface,
    offers: &[LinkCandidate<'a>],
    bound: Option<&ComponentName>,
) -> Result<&'a ComponentName, LinkProblem> {
    let offers = match bound {
        None => offers.to_vec(),
        Some(bound) => vec![find_bound(bound, offers)?],
    };
    let same_path: Vec<(LinkCandidate<'a>, &Interface)> = offers
        .iter()
        .filter_map(|offer| Some((*offer, find_export(offer.world, &import.name)?)))
        .collect();
    if same_path.is_empty() {
        return Err(LinkProblem::NoExporter {
            hint: interface_hint(import, &offers),
        });
    }
    let (mut fit, mut unfit) = (Vec::new(), Vec::new());
    for (offer, export) in same_path {
        match interface_problem(import, export) {
            None => fit.push(offer.name),
            Some(problem) => unfit.push(RejectedCandidate {
                candidate: offer.name.clone(),
                problem,
            }),
        }
    }
    match fit[..] {
        [name] => Ok(name),
        [] => Err(LinkProblem::NoneFits(unfit)),
        _ => Err(LinkProblem::Ambiguous {
            import: import.name.path().to_owned(),
            candidates: fit.into_iter().cloned().collect(),
        }),
    }
}

fn find_bound<'a>(
    bound: &ComponentName,
    offers: &[LinkCandidate<'a>],
) -> Result<LinkCandidate<'a>, LinkProblem> {
    offers
        .iter()
        .find(|offer| offer.name == bound)
        .copied()
        .ok_or_else(|| {
            let names = offers.iter().map(|offer| offer.name.as_str());
            LinkProblem::NotDeployed {
                bound: bound.clone(),
                hint: with_suggestion(String::new(), bound.as_str(), names),
            }
        })
}

/// Returns the export with the same path, preferring a version that can serve `wanted`.
fn find_export<'a>(world: &'a World, wanted: &InterfaceName) -> Option<&'a Interface> {
    let same_path = || {
        world
            .exports
            .interfaces
            .iter()
            .filter(|export| export.name.path() == wanted.path())
    };
    same_path()
        .find(|export| export.name.can_serve(wanted))
        .or_else(|| same_path().next())
}

fn interface_problem(import: &Interface, export: &Interface) -> Option<String> {
    if !export.name.can_serve(&import.name) {
        return Some(format!("it exports `{}`", export.name));
    }
    let lacks = |resource: &&String| !export.resources.contains(resource);
    let lacking = import
        .resources
        .iter()
        .filter(lacks)
        .map(|name| format!("it has no resource `{name}`"));
    let functions = import
        .functions
        .iter()
        .filter_map(|wanted| function_problem(wanted, export));
    let problems: Vec<String> = lacking.chain(functions).collect();
    (!problems.is_empty()).then(|| problems.join(", "))
}

fn function_problem(wanted: &Function, export: &Interface) -> Option<String> {
    let name = wanted.name.function();
    let Some(offered) = export
        .functions
        .iter()
        .find(|offered| offered.name.function() == name)
    else {
        return Some(format!("it has no `{name}`"));
    };
    if !wanted.has_same_type(offered) {
        let (offered, wanted) = (offered.signature(), wanted.signature());
        return Some(format!(
            "its `{name}` is `{offered}`, but `{wanted}` is imported"
        ));
    }
    instance_bound_part(wanted)
        .map(|what| format!("`{what}` of `{name}` cannot cross from one component to another"))
}

/// Returns the part of a function that is bound to an instance. Handles are bound too, but calls on
/// them are forwarded to that instance.
fn instance_bound_part(function: &Function) -> Option<String> {
    if function.is_async_func {
        return Some("async".into());
    }
    function
        .types()
        .find(|ty| ty.any_part(&is_asynchronous))
        .map(ToString::to_string)
}

/// Returns the first resource in `import` whose handles cannot be passed to `server`, the
/// deployment that serves `import`. Handles can be passed only to the deployment that serves the
/// interface that defines the resource; `served` returns that deployment for the path of an
/// interface.
#[must_use]
pub fn foreign_resource<'a, 'n>(
    import: &'a Interface,
    server: &ComponentName,
    served: impl Fn(&str) -> Option<&'n ComponentName>,
) -> Option<&'a str> {
    let is_foreign = |resource: &&str| {
        let defined_in = resource
            .rsplit_once('.')
            .map_or(*resource, |(interface, _)| interface);
        defined_in != import.name.path() && served(defined_in) != Some(server)
    };
    import
        .functions
        .iter()
        .flat_map(Function::resources)
        .find(is_foreign)
}

fn is_asynchronous(ty: &Type) -> bool {
    matches!(ty, Type::Stream(_) | Type::Future(_) | Type::ErrorContext)
}

fn interface_hint(import: &Interface, offers: &[LinkCandidate<'_>]) -> String {
    let at_world_level = |offer: &&LinkCandidate<'_>| {
        let has = |wanted: &Function| {
            offer
                .world
                .exports
                .functions
                .iter()
                .any(|f| f.name.function() == wanted.name.function())
        };
        !import.functions.is_empty() && import.functions.iter().all(has)
    };
    if let Some(offer) = offers.iter().find(at_world_level) {
        return format!(
            "; `{}` exports functions of these names at world level, where only the host can call them: export them in an interface",
            offer.name
        );
    }
    let paths: Vec<&str> = offers
        .iter()
        .flat_map(|offer| &offer.world.exports.interfaces)
        .map(|interface| interface.name.path())
        .collect();
    match nearest(import.name.path(), paths.iter().copied()) {
        Some(near) => format!("; the closest exported interface is `{near}`"),
        None => String::new(),
    }
}

fn quoted(names: &[ComponentName]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn joined_candidates(unfit: &[RejectedCandidate]) -> String {
    unfit
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl fmt::Display for RejectedCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.candidate, self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::super::WorldSide;
    use super::*;
    use crate::FunctionName;

    fn interface(name: &str, functions: &[(&str, Type)]) -> Interface {
        let function = |(function, result): &(&str, Type)| Function {
            name: FunctionName::from_parts(Some(name), function),
            params: Vec::new(),
            result: Some(result.clone()),
            is_async_func: false,
        };
        Interface {
            name: InterfaceName::new(name),
            functions: functions.iter().map(function).collect(),
            resources: Vec::new(),
        }
    }

    fn exporting(interface: Interface) -> World {
        let exports = WorldSide {
            interfaces: vec![interface],
            functions: Vec::new(),
        };
        World {
            exports,
            ..World::default()
        }
    }

    fn link_text(import: &Interface, worlds: &[(&str, World)], bound: Option<&str>) -> String {
        let names: Vec<ComponentName> = worlds
            .iter()
            .map(|(name, _)| name.parse().expect("a name"))
            .collect();
        let offers: Vec<LinkCandidate<'_>> = names
            .iter()
            .zip(worlds)
            .map(|(name, (_, world))| LinkCandidate { name, world })
            .collect();
        let bound: Option<ComponentName> = bound.map(|name| name.parse().expect("a name"));
        match find_server(import, &offers, bound.as_ref()) {
            Ok(name) => name.to_string(),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn links_the_only_candidate_that_fits() {
        let import = interface("acme:store/kv@1.2.0", &[("get", Type::String)]);
        let newer = || {
            exporting(interface(
                "acme:store/kv@1.4.0",
                &[("get", Type::String), ("put", Type::U8)],
            ))
        };
        let older = || exporting(interface("acme:store/kv@1.0.0", &[("get", Type::String)]));
        assert_eq!(
            link_text(&import, &[("new", newer()), ("old", older())], None),
            "new"
        );
        assert_eq!(
            link_text(&import, &[("a", newer()), ("b", newer())], None),
            "`a`, `b` could serve it"
        );
        assert_eq!(
            link_text(&import, &[("a", newer()), ("b", newer())], Some("b")),
            "b"
        );
        assert_eq!(
            link_text(&import, &[("alpha", newer())], Some("alpah")),
            "it is linked to `alpah`, which is not deployed; did you mean `alpha`?"
        );
    }

    #[test]
    fn errors_list_rejected_candidates() {
        let import = interface(
            "acme:store/kv@1.2.0",
            &[("get", Type::String), ("put", Type::U8)],
        );
        let cases = [
            (
                interface("acme:store/kv@1.0.0", &[]),
                "no deployment that exports it fits: `a`: it exports `acme:store/kv@1.0.0`",
            ),
            (
                interface("acme:store/kv@1.2.0", &[("get", Type::U32)]),
                "no deployment that exports it fits: `a`: its `get` is `func() -> u32`, but `func() -> string` is imported, it has no `put`",
            ),
            (
                interface("acme:store/kw@1.2.0", &[]),
                "no deployed component exports it; the closest exported interface is `acme:store/kw`",
            ),
        ];
        for (export, expected) in cases {
            assert_eq!(
                link_text(&import, &[("a", exporting(export))], None),
                expected
            );
        }
    }

    #[test]
    fn instance_bound_types_cannot_be_passed() {
        let stream = || interface("a:b/c", &[("open", Type::Stream(None))]);
        let told = link_text(&stream(), &[("a", exporting(stream()))], None);
        assert!(told.contains("`stream` of `open` cannot cross"), "{told}");
    }

    #[test]
    fn handles_can_be_passed_to_the_definer_of_their_resource() {
        let files = |resources: &[&str]| Interface {
            resources: resources.iter().map(ToString::to_string).collect(),
            ..interface(
                "a:b/c",
                &[("open", Type::List(Box::new(Type::Own("a:b/c.file".into()))))],
            )
        };
        assert_eq!(
            link_text(
                &files(&["file"]),
                &[("a", exporting(files(&["file"])))],
                None
            ),
            "a"
        );
        let told = link_text(&files(&["file"]), &[("a", exporting(files(&[])))], None);
        assert!(told.contains("it has no resource `file`"), "{told}");

        let (one, other): (ComponentName, ComponentName) = (
            "one".parse().expect("a name"),
            "other".parse().expect("a name"),
        );
        let user = interface("a:b/user", &[("open", Type::Own("a:b/c.file".into()))]);
        let by_one = |path: &str| ["a:b/user", "a:b/c"].contains(&path).then_some(&one);
        assert_eq!(foreign_resource(&user, &one, by_one), None);
        let by_two = |path: &str| Some(if path == "a:b/user" { &one } else { &other });
        assert_eq!(foreign_resource(&user, &one, by_two), Some("a:b/c.file"));
        let by_the_host = |path: &str| (path == "a:b/user").then_some(&one);
        assert_eq!(
            foreign_resource(&user, &one, by_the_host),
            Some("a:b/c.file")
        );
    }

    #[test]
    fn functions_at_world_level_are_pointed_out() {
        let import = interface("a:b/c", &[("get", Type::String)]);
        let mut world = World::default();
        world.exports.functions.push(Function {
            name: FunctionName::from_parts(None, "get"),
            ..import.functions[0].clone()
        });
        assert!(
            link_text(&import, &[("a", world)], None)
                .contains("`a` exports functions of these names at world level")
        );
    }
}
