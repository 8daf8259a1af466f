//! The imports and exports of a component with their types, and the compatibility of worlds.
//!
//! Compares types by structure, as the Component Model does: a record is its fields, whatever its
//! name is. Links nothing.
//! Tests: `airssys-wasm-core/src/world`, `tests/suite/components.rs`.

#[cfg(feature = "component")]
mod decode;
mod element;
mod flow;
mod function;
mod http;
mod interface_name;
mod link;
mod lookup;
mod replacement;
mod signature;
mod types;

pub use element::ElementType;
pub use flow::{FlowMismatch, FlowReason};
pub use function::{Function, Param};
pub use http::HttpHandler;
pub use interface_name::InterfaceName;
pub use link::{LinkCandidate, LinkProblem, RejectedCandidate, find_server, foreign_resource};
pub use lookup::FunctionNotFound;
pub use replacement::{WorldChange, WorldChanges};
pub use signature::{PlainParams, PlainResult, PlainSignature};
pub use types::{Case, Field, Type};

#[cfg(feature = "component")]
pub(crate) use decode::decode;

/// The imports and exports of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The imports, which the host provides.
    pub imports: WorldSide,
    /// The exports, which callers use.
    pub exports: WorldSide,
}

/// The imports or the exports of a world: named interfaces, and functions at world level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorldSide {
    /// The interfaces, in the order of the component.
    pub interfaces: Vec<Interface>,
    /// The functions at world level.
    pub functions: Vec<Function>,
}

/// A named set of functions and resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The full name of the interface.
    pub name: InterfaceName,
    /// The functions of the interface, including methods and constructors.
    pub functions: Vec<Function>,
    /// The names of the resources that the interface defines.
    pub resources: Vec<String>,
}

impl WorldSide {
    /// Returns every function on this side, those of interfaces first.
    pub fn all_functions(&self) -> impl Iterator<Item = &Function> {
        self.interfaces
            .iter()
            .flat_map(|interface| &interface.functions)
            .chain(&self.functions)
    }

    /// Returns the names on this side as a WIT world lists them: interfaces with their versions
    /// first, then functions at world level.
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
    /// Returns `true` if any type needs a runtime with Component Model async: an `async` function,
    /// a `stream` or a `future`.
    #[must_use]
    pub fn is_async(&self) -> bool {
        self.imports
            .all_functions()
            .chain(self.exports.all_functions())
            .any(Function::is_async)
    }
}
