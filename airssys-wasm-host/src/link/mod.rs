//! Calls from one component to another, each in its own store.
//!
//! | file | what it does |
//! |---|---|
//! | `links` | resolves each import of a revision, and holds a handle to each function |
//! | `stub` | the functions linked into the caller, each of which looks up its link and calls it |
//! | `lane` | Rust types for common signatures, so that their values are copied as they are |
//! | `resources` | functions that take or return handles, which are translated both ways |
//! | `remote` | the caller's stand-in for a resource in another instance |
//! | `session` | the instance in which a caller has resources, for as long as it has any |
//! | `tree` | the calls that one call led to: one revision of each component, besides those with open resources, and no reentry where no instance could answer |
//!
//! The callee runs as for any caller: under its own name, grants, limits and instancing. Knows
//! nothing of rollouts: a link is a handle, and updates are checked against it like any other.
//! Tests: `tests/suite/links`.

mod lane;
mod links;
mod remote;
mod resources;
mod session;
mod stub;
mod tree;

pub(crate) use links::LinkedFunction;
pub(crate) use links::{LinkBindings, LinkedFunctions, RevisionLinks, check_bindings, resolve};
pub(crate) use session::{ResourceSession, SessionAdmission, SessionCall};
pub(crate) use stub::define;
pub(crate) use tree::CallTree;
