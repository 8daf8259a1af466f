//! Looks up the exported function that a name refers to.
//!
//! Tests: in this file.

use thiserror::Error;

use super::{Function, InterfaceName, World};
use crate::FunctionName;
use crate::suggest::nearest;

/// The error for a name that refers to no exported function, or to more than one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FunctionNotFound {
    /// No function of that name is exported.
    #[error("no exported function `{wanted}`; {hint}")]
    Unknown {
        /// The requested name.
        wanted: FunctionName,
        /// The nearest name, or all exported names.
        hint: String,
    },
    /// Several interfaces export a function of that name.
    #[error(
        "`{wanted}` is exported more than once; write one of {}",
        quoted(candidates)
    )]
    Ambiguous {
        /// The requested name.
        wanted: FunctionName,
        /// Every function that the name could refer to.
        candidates: Vec<FunctionName>,
    },
}

impl World {
    /// Returns the exported function that `wanted` refers to.
    ///
    /// # Errors
    ///
    /// Fails with [`FunctionNotFound`], which has the nearest name or all candidates.
    pub fn function(&self, wanted: &FunctionName) -> Result<&Function, FunctionNotFound> {
        let mut found: Vec<&Function> = self
            .exports
            .all_functions()
            .filter(|function| name_matches(&function.name, wanted))
            .collect();
        if let Some(exact) = found.iter().position(|function| function.name == *wanted) {
            return Ok(found.swap_remove(exact));
        }
        match found[..] {
            [function] => Ok(function),
            [] => Err(self.unknown_function(wanted)),
            _ => Err(FunctionNotFound::Ambiguous {
                wanted: wanted.clone(),
                candidates: found
                    .into_iter()
                    .map(|function| function.name.clone())
                    .collect(),
            }),
        }
    }

    fn unknown_function(&self, wanted: &FunctionName) -> FunctionNotFound {
        let names: Vec<String> = self
            .exports
            .all_functions()
            .map(|f| f.name.to_string())
            .collect();
        FunctionNotFound::Unknown {
            wanted: wanted.clone(),
            hint: function_hint(wanted, &names),
        }
    }
}

fn name_matches(name: &FunctionName, wanted: &FunctionName) -> bool {
    name.function() == wanted.function()
        && match (name.interface(), wanted.interface()) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(offered), Some(wanted)) => {
                InterfaceName::new(offered).can_serve(&InterfaceName::new(wanted))
            }
        }
}

fn function_hint(wanted: &FunctionName, names: &[String]) -> String {
    let last = |name: &str| name.rsplit('#').next().map(str::to_owned);
    let near = nearest(&wanted.to_string(), names.iter().map(String::as_str)).or_else(|| {
        let bare: Vec<String> = names.iter().filter_map(|name| last(name)).collect();
        let near = nearest(wanted.function(), bare.iter().map(String::as_str))?.to_owned();
        names
            .iter()
            .map(String::as_str)
            .find(|name| last(name).as_deref() == Some(near.as_str()))
    });
    match (near, names) {
        (Some(name), _) => format!("did you mean `{name}`?"),
        (None, []) => "the component exports no functions".into(),
        (None, [..]) => format!("the component exports {}", quoted(names)),
    }
}

fn quoted<T: std::fmt::Display>(names: &[T]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::{Interface, WorldSide};
    use super::*;

    fn world(exports: &[(&str, &[&str])]) -> World {
        let function = |interface: Option<&str>, name: &str| Function {
            name: FunctionName::from_parts(interface, name),
            params: Vec::new(),
            result: None,
            is_async_func: false,
        };
        let mut side = WorldSide::default();
        for (interface, names) in exports {
            match *interface {
                "" => side
                    .functions
                    .extend(names.iter().map(|name| function(None, name))),
                path => side.interfaces.push(Interface {
                    name: InterfaceName::new(path),
                    functions: names
                        .iter()
                        .map(|name| function(Some(path), name))
                        .collect(),
                    resources: Vec::new(),
                }),
            }
        }
        World {
            exports: side,
            ..World::default()
        }
    }

    fn lookup_text(world: &World, name: &str) -> String {
        match world.function(&name.parse().expect("a function name")) {
            Ok(function) => function.name.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn finds_by_full_short_and_unversioned_name() {
        let world = world(&[("a:b/c@1.2.0", &["f", "g"]), ("", &["h"])]);
        for name in ["a:b/c@1.2.0#f", "a:b/c@1.0.0#f", "a:b/c#f", "f"] {
            assert_eq!(lookup_text(&world, name), "a:b/c@1.2.0#f");
        }
        assert_eq!(lookup_text(&world, "h"), "h");
    }

    #[test]
    fn prefers_the_exact_name_and_reports_ambiguity() {
        let world = world(&[
            ("a:b/c", &["f"]),
            ("a:b/d", &["f"]),
            ("a:b/e", &["g"]),
            ("", &["g"]),
        ]);
        assert_eq!(lookup_text(&world, "g"), "g");
        assert_eq!(
            lookup_text(&world, "f"),
            "`f` is exported more than once; write one of `a:b/c#f`, `a:b/d#f`"
        );
    }

    #[test]
    fn suggests_the_nearest() {
        let world = world(&[("demo:greeter/api", &["greet"])]);
        assert!(
            lookup_text(&world, "demo:greeter/api#gret")
                .contains("did you mean `demo:greeter/api#greet`?")
        );
        assert!(lookup_text(&world, "gret").contains("did you mean `demo:greeter/api#greet`?"));
        assert!(
            lookup_text(&world, "zzzzzz")
                .contains("the component exports `demo:greeter/api#greet`")
        );
    }
}
