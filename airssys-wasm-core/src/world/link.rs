//! Which of the deployed components serves what another imports.
//!
//! By interface and semver; each imported function has to be there with the same type.
//! Does not link anything. Tests: below; with real components in the workspace's
//! `tests/suite/links`.

use std::fmt;

use thiserror::Error;

use super::{Function, Interface, InterfaceName, Type, World};
use crate::ComponentName;
use crate::suggest::nearest;

/// A deployed component, as somebody who imports sees it.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The name it is deployed under.
    pub name: &'a ComponentName,
    /// What it exports.
    pub world: &'a World,
}

/// Why an import is not linked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkProblem {
    /// Nobody exports an interface of that name.
    #[error("no deployed component exports it{hint}")]
    Nobody {
        /// What is nearest to it.
        hint: String,
    },
    /// Those who export it cannot serve.
    #[error("nobody who exports it fits: {}", separated(.0))]
    NobodyFits(Vec<Unfit>),
    /// Several could serve.
    #[error("{} could serve; say which with `.link(\"{import}\", \"{}\")`", quoted(.candidates), .candidates[0])]
    Ambiguous {
        /// What is imported, without its version.
        import: String,
        /// Who could serve.
        candidates: Vec<ComponentName>,
    },
    /// It was said who serves, and that one is not deployed.
    #[error("it is bound to `{bound}`, which is not deployed{hint}")]
    NotDeployed {
        /// Who was said to serve.
        bound: ComponentName,
        /// The nearest name there is.
        hint: String,
    },
}

/// Somebody who exports an interface and cannot serve, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Who.
    pub candidate: ComponentName,
    /// Why not.
    pub problem: String,
}

/// Whoever serves `import`: the one it is bound to, or else the only one who can.
///
/// # Errors
///
/// [`LinkProblem`], with everybody who comes near and why they do not fit.
pub fn link<'a>(
    import: &Interface,
    offers: &[Offer<'a>],
    bound: Option<&ComponentName>,
) -> Result<&'a ComponentName, LinkProblem> {
    let offers = match bound {
        None => offers.to_vec(),
        Some(bound) => vec![find(bound, offers)?],
    };
    let same_path: Vec<(Offer<'a>, &Interface)> = offers
        .iter()
        .filter_map(|offer| Some((*offer, exported(offer.world, &import.name)?)))
        .collect();
    if same_path.is_empty() {
        return Err(LinkProblem::Nobody {
            hint: hint(import, &offers),
        });
    }
    let (mut fit, mut unfit) = (Vec::new(), Vec::new());
    for (offer, export) in same_path {
        match problem(import, export) {
            None => fit.push(offer.name),
            Some(problem) => unfit.push(Unfit {
                candidate: offer.name.clone(),
                problem,
            }),
        }
    }
    match fit[..] {
        [name] => Ok(name),
        [] => Err(LinkProblem::NobodyFits(unfit)),
        _ => Err(LinkProblem::Ambiguous {
            import: import.name.path().to_owned(),
            candidates: fit.into_iter().cloned().collect(),
        }),
    }
}

fn find<'a>(bound: &ComponentName, offers: &[Offer<'a>]) -> Result<Offer<'a>, LinkProblem> {
    offers
        .iter()
        .find(|offer| offer.name == bound)
        .copied()
        .ok_or_else(|| {
            let near = nearest(
                bound.as_str(),
                offers.iter().map(|offer| offer.name.as_str()),
            );
            let hint = near
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            LinkProblem::NotDeployed {
                bound: bound.clone(),
                hint,
            }
        })
}

/// The export of the same path: of a version that serves, if there is one.
fn exported<'a>(world: &'a World, wanted: &InterfaceName) -> Option<&'a Interface> {
    let same_path = || {
        world
            .exports
            .interfaces
            .iter()
            .filter(|export| export.name.path() == wanted.path())
    };
    same_path()
        .find(|export| export.name.serves(wanted))
        .or_else(|| same_path().next())
}

fn problem(import: &Interface, export: &Interface) -> Option<String> {
    if !export.name.serves(&import.name) {
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
    if !wanted.same_type(offered) {
        let (offered, wanted) = (offered.signature(), wanted.signature());
        return Some(format!(
            "its `{name}` is `{offered}`, and `{wanted}` is imported"
        ));
    }
    stays(wanted)
        .map(|what| format!("`{what}` of `{name}` cannot cross from one component to another"))
}

/// What of a function belongs to an instance. Handles do too, and are led back to it.
fn stays(function: &Function) -> Option<String> {
    if function.async_func {
        return Some("async".into());
    }
    function
        .types()
        .find(|ty| ty.any(&is_asynchronous))
        .map(ToString::to_string)
}

/// The first resource of `import`, which `server` serves, whose handles cannot cross: they do only
/// to whoever serves the interface that defines it. `served` says who that is, by the
/// interface's path.
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

fn hint(import: &Interface, offers: &[Offer<'_>]) -> String {
    let at_world_level = |offer: &&Offer<'_>| {
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
        Some(near) => format!("; the nearest that is exported is `{near}`"),
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

fn separated(unfit: &[Unfit]) -> String {
    unfit
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.candidate, self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Side;
    use super::*;
    use crate::FunctionName;

    fn interface(name: &str, functions: &[(&str, Type)]) -> Interface {
        let function = |(function, result): &(&str, Type)| Function {
            name: FunctionName::from_parts(Some(name), function),
            params: Vec::new(),
            result: Some(result.clone()),
            async_func: false,
        };
        Interface {
            name: InterfaceName::new(name),
            functions: functions.iter().map(function).collect(),
            resources: Vec::new(),
        }
    }

    fn exporting(interface: Interface) -> World {
        let exports = Side {
            interfaces: vec![interface],
            functions: Vec::new(),
        };
        World {
            exports,
            ..World::default()
        }
    }

    fn told(import: &Interface, worlds: &[(&str, World)], bound: Option<&str>) -> String {
        let names: Vec<ComponentName> = worlds
            .iter()
            .map(|(name, _)| name.parse().expect("a name"))
            .collect();
        let offers: Vec<Offer<'_>> = names
            .iter()
            .zip(worlds)
            .map(|(name, (_, world))| Offer { name, world })
            .collect();
        let bound: Option<ComponentName> = bound.map(|name| name.parse().expect("a name"));
        match link(import, &offers, bound.as_ref()) {
            Ok(name) => name.to_string(),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn the_only_one_who_fits_serves() {
        let import = interface("acme:store/kv@1.2.0", &[("get", Type::String)]);
        let newer = || {
            exporting(interface(
                "acme:store/kv@1.4.0",
                &[("get", Type::String), ("put", Type::U8)],
            ))
        };
        let older = || exporting(interface("acme:store/kv@1.0.0", &[("get", Type::String)]));
        assert_eq!(
            told(&import, &[("new", newer()), ("old", older())], None),
            "new"
        );
        assert_eq!(
            told(&import, &[("a", newer()), ("b", newer())], None),
            "`a`, `b` could serve; say which with `.link(\"acme:store/kv\", \"a\")`"
        );
        assert_eq!(
            told(&import, &[("a", newer()), ("b", newer())], Some("b")),
            "b"
        );
        assert_eq!(
            told(&import, &[("alpha", newer())], Some("alpah")),
            "it is bound to `alpah`, which is not deployed; did you mean `alpha`?"
        );
    }

    #[test]
    fn says_why_nobody_fits() {
        let import = interface(
            "acme:store/kv@1.2.0",
            &[("get", Type::String), ("put", Type::U8)],
        );
        let cases = [
            (
                interface("acme:store/kv@1.0.0", &[]),
                "nobody who exports it fits: `a`: it exports `acme:store/kv@1.0.0`",
            ),
            (
                interface("acme:store/kv@1.2.0", &[("get", Type::U32)]),
                "nobody who exports it fits: `a`: its `get` is `func() -> u32`, and `func() -> string` is imported, it has no `put`",
            ),
            (
                interface("acme:store/kw@1.2.0", &[]),
                "no deployed component exports it; the nearest that is exported is `acme:store/kw`",
            ),
        ];
        for (export, expected) in cases {
            assert_eq!(told(&import, &[("a", exporting(export))], None), expected);
        }
    }

    #[test]
    fn what_belongs_to_an_instance_does_not_cross() {
        let stream = || interface("a:b/c", &[("open", Type::Stream(None))]);
        let told = told(&stream(), &[("a", exporting(stream()))], None);
        assert!(told.contains("`stream` of `open` cannot cross"), "{told}");
    }

    #[test]
    fn handles_cross_to_whoever_defines_their_resource() {
        let files = |resources: &[&str]| Interface {
            resources: resources.iter().map(ToString::to_string).collect(),
            ..interface(
                "a:b/c",
                &[("open", Type::List(Box::new(Type::Own("a:b/c.file".into()))))],
            )
        };
        assert_eq!(
            told(
                &files(&["file"]),
                &[("a", exporting(files(&["file"])))],
                None
            ),
            "a"
        );
        let told = told(&files(&["file"]), &[("a", exporting(files(&[])))], None);
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
            told(&import, &[("a", world)], None)
                .contains("`a` exports functions of these names at world level")
        );
    }
}
