//! What a component imports and exports, with every type, and whether one can
//! stand in for another.
//!
//! Knows types by their structure, as the Component Model does: a record is its
//! fields, whatever it is called. Does not link anything.
//! Tests: beside each file; against real components in the workspace's `tests`.

#[cfg(feature = "component")]
mod decode;
mod element;
mod flow;
mod function;
mod http;
mod interface_name;
mod link;
mod lookup;
mod signature;
mod stand_in;
mod types;

pub use element::Element;
pub use flow::{FlowMismatch, FlowReason};
pub use function::{Function, Param};
pub use http::HttpHandler;
pub use interface_name::InterfaceName;
pub use link::{LinkProblem, Offer, Unfit, foreign_resource, link};
pub use lookup::FunctionNotFound;
pub use signature::{Gives, Signature, Takes};
pub use stand_in::{WorldChange, WorldChanges};
pub use types::{Case, Field, Type};

#[cfg(feature = "component")]
pub(crate) use decode::decode;

/// The imports and exports of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// What it needs from its host.
    pub imports: Side,
    /// What it offers its callers.
    pub exports: Side,
}

/// One side of a world: named interfaces, and functions at world level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Interfaces, in the order of the component.
    pub interfaces: Vec<Interface>,
    /// Functions that stand in no interface.
    pub functions: Vec<Function>,
}

/// A named set of functions and resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its full name.
    pub name: InterfaceName,
    /// Its functions, methods and constructors included.
    pub functions: Vec<Function>,
    /// The names of the resources it defines.
    pub resources: Vec<String>,
}

impl Side {
    /// Every function on this side, those of interfaces first.
    pub fn all_functions(&self) -> impl Iterator<Item = &Function> {
        self.interfaces
            .iter()
            .flat_map(|interface| &interface.functions)
            .chain(&self.functions)
    }

    /// Returns the names on this side as a WIT world has them: those of interfaces, with their
    /// versions, and then those of functions at world level.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let interfaces = self
            .interfaces
            .iter()
            .map(|interface| interface.name.to_string());
        interfaces.chain(
            self.functions
                .iter()
                .map(|function| function.name.to_string()),
        )
    }
}

impl World {
    /// Whether any type needs a runtime with Component Model async: an `async`
    /// function, a `stream` or a `future`.
    #[must_use]
    pub fn is_async(&self) -> bool {
        self.imports
            .all_functions()
            .chain(self.exports.all_functions())
            .any(Function::is_async)
    }
}
