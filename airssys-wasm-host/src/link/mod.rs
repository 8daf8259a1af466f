//! Calls from one component to another, each in its own store.
//!
//! | file | what it does |
//! |---|---|
//! | `links` | resolves each import of a revision, and holds a handle to each function |
//! | `function` | a function of another deployment |
//! | `passing` | the way in which values are passed: Rust types, dynamic values, handles |
//! | `stub` | the functions linked into the caller |
//! | `call` | a call through a link: is it allowed, and in which session |
//! | `resources`, `handles` | functions that take or return handles, which are translated both ways |
//! | `remote` | the caller's stand-in for a resource in another instance |
//! | `state` | the links of an instance: functions, permits and sessions |
//!
//! The callee runs as for any caller: under its own name, grants, limits and instancing. Knows
//! nothing of rollouts: a link is a handle, and updates are checked against it like any other.
//! Tests: `tests/suite/links`.

mod call;
mod function;
mod handles;
mod links;
mod passing;
mod remote;
mod resources;
mod state;
mod stub;

pub(crate) use links::{RevisionLinks, check_bindings, needs_links, resolve, set_links};
pub(crate) use stub::define;
