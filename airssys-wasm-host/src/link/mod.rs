//! Calls from one component to another, each in its own store.
//!
//! | file | what it does |
//! |---|---|
//! | `links` | finds who serves each import of a revision, and holds a handle to each function |
//! | `stub` | what is linked into the caller: looks up its link and calls it |
//! | `lane` | Rust types for common signatures, so that their values are copied and not described |
//! | `resources` | functions that take or give handles: what stands for what, on the way in and out |
//! | `remote` | what stands in a caller for a resource in another's instance |
//! | `session` | the instance in which a caller has resources, for as long as it has any |
//! | `tree` | the calls that one call led to: one revision of each component, besides what is open, and no way back in where nobody can answer |
//!
//! The callee runs as for any caller: under its own name, grants, limits and instancing. Knows
//! nothing of rollouts: a link is a handle, and updates are checked against it like any other.
//! Tests: the workspace's `tests/suite/links`.

mod lane;
mod links;
mod remote;
mod resources;
mod session;
mod stub;
mod tree;

pub(crate) use links::Link;
pub(crate) use links::{Bound, Functions, Links, check_said, resolve};
pub(crate) use session::{Seat, Session, Sitting};
pub(crate) use stub::{LinkFailed, define};
pub(crate) use tree::Tree;
