//! Checks whether one world can replace another for the callers of the first.
//!
//! Compares exports only; imports are checked by the linker. Deliberately stricter than Component
//! Model subtyping, because callers hold typed handles whose Rust types fit only one WIT type.
//! Tests: in this file, `tests/suite/promises`.

use std::fmt;

use super::{Function, HttpHandler, World};
use crate::FunctionName;

/// An export that callers of the old world would miss.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorldChange {
    /// The function is no longer exported.
    Lost {
        /// The old function.
        old: Function,
    },
    /// The type of the function is different.
    Changed {
        /// The old function.
        old: Function,
        /// The new function.
        new: Function,
    },
}

/// All exports that callers of the old world would miss; never empty.
///
/// Displays as a list with one change per line and both types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldChanges(Vec<WorldChange>);

impl World {
    /// Checks that `new` can replace `self` for all callers of `self`: each exported function still
    /// exists with the same type. `new` can export more. A handler of HTTP requests can move
    /// between WASI 0.2 and WASI 0.3.
    ///
    /// # Errors
    ///
    /// Fails with [`WorldChanges`], which lists every function that is lost or changed.
    pub fn check_replacement(&self, new: &Self) -> Result<(), WorldChanges> {
        let changes: Vec<_> = self
            .exports
            .all_functions()
            .filter_map(|old| export_change(old, new))
            .collect();
        if changes.is_empty() {
            Ok(())
        } else {
            Err(WorldChanges(changes))
        }
    }
}

impl WorldChange {
    /// The old name of the function.
    #[must_use]
    pub fn function(&self) -> &FunctionName {
        match self {
            Self::Lost { old } | Self::Changed { old, .. } => &old.name,
        }
    }
}

impl WorldChanges {
    /// Returns the changes, in the order of the old world.
    pub fn iter(&self) -> impl Iterator<Item = &WorldChange> {
        self.0.iter()
    }
}

impl std::error::Error for WorldChanges {}

impl fmt::Display for WorldChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the component lacks exports of the active revision, or has them with other types:",
        )?;
        self.0
            .iter()
            .try_for_each(|change| write!(f, "\n  {change}"))
    }
}

impl fmt::Display for WorldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { old } => write!(f, "lost:    {old}"),
            Self::Changed { old, new } => {
                write!(
                    f,
                    "changed: {old}\n      now: {}: {}",
                    new.name,
                    new.signature()
                )
            }
        }
    }
}

fn export_change(old: &Function, new: &World) -> Option<WorldChange> {
    let Ok(candidate) = new.function(&old.name) else {
        if HttpHandler::from_function(old).is_some() && new.http_handler().is_some() {
            return None;
        }
        return Some(WorldChange::Lost { old: old.clone() });
    };
    if candidate.name.interface().is_some() != old.name.interface().is_some() {
        return Some(WorldChange::Lost { old: old.clone() });
    }
    (!old.has_same_type(candidate)).then(|| WorldChange::Changed {
        old: old.clone(),
        new: candidate.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Interface, InterfaceName, Param, Type, WorldSide};
    use super::*;

    fn function(interface: &str, name: &str, params: &[(&str, Type)]) -> Function {
        Function {
            name: FunctionName::from_parts((!interface.is_empty()).then_some(interface), name),
            params: params
                .iter()
                .map(|(name, ty)| Param {
                    name: (*name).into(),
                    ty: ty.clone(),
                })
                .collect(),
            result: Some(Type::String),
            is_async_func: false,
        }
    }

    fn world(interface: &str, functions: Vec<Function>) -> World {
        let exports = WorldSide {
            interfaces: vec![Interface {
                name: InterfaceName::new(interface),
                functions,
                resources: Vec::new(),
            }],
            functions: Vec::new(),
        };
        World {
            exports,
            ..World::default()
        }
    }

    #[test]
    fn additional_exports_are_compatible() {
        let old = world("a:b/c@1.0.0", vec![function("a:b/c@1.0.0", "f", &[])]);
        let new = world(
            "a:b/c@1.1.0",
            vec![
                function("a:b/c@1.1.0", "f", &[]),
                function("a:b/c@1.1.0", "g", &[]),
            ],
        );
        assert_eq!(old.check_replacement(&new), Ok(()));
        assert!(
            new.check_replacement(&old).is_err(),
            "an older interface cannot serve newer callers"
        );
    }

    #[test]
    fn http_handlers_can_change_wasi_version() {
        let (p2, p3) = (
            "wasi:http/incoming-handler@0.2.12",
            "wasi:http/handler@0.3.0",
        );
        let answers = |interface: &str| world(interface, vec![function(interface, "handle", &[])]);
        assert_eq!(answers(p2).check_replacement(&answers(p3)), Ok(()));
        assert_eq!(answers(p3).check_replacement(&answers(p2)), Ok(()));
        assert!(
            answers(p2)
                .check_replacement(&answers("acme:http/handler@0.3.0"))
                .is_err()
        );
        assert!(
            answers("acme:http/handler@0.3.0")
                .check_replacement(&answers(p3))
                .is_err()
        );
    }

    #[test]
    fn lists_each_lost_and_changed_export() {
        let i = "demo:greeter/api";
        let old = world(
            i,
            vec![
                function(i, "greet", &[("name", Type::String)]),
                function(i, "part", &[]),
            ],
        );
        let new = world(
            i,
            vec![function(
                i,
                "greet",
                &[("name", Type::String), ("loud", Type::Bool)],
            )],
        );
        let report = old
            .check_replacement(&new)
            .expect_err("two changes")
            .to_string();
        assert_eq!(
            report,
            "the component lacks exports of the active revision, or has them with other types:\n  \
             changed: demo:greeter/api#greet: func(name: string) -> string\n      \
             now: demo:greeter/api#greet: func(name: string, loud: bool) -> string\n  \
             lost:    demo:greeter/api#part: func() -> string"
        );
    }

    #[test]
    fn a_world_level_function_is_not_replaced_by_one_in_an_interface() {
        let mut old = World::default();
        old.exports.functions.push(function("", "f", &[]));
        let new = world("a:b/c", vec![function("a:b/c", "f", &[])]);
        assert!(old.check_replacement(&new).is_err());
    }
}
