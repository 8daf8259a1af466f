//! Data of the embedder's: of a host, of a deployment, of one instance.
//!
//! | file | what it holds |
//! |---|---|
//! | `shared` | values by type that a host and its deployments share among their instances |
//! | `slots` | values by type that one instance owns, one of each type |
//! | `factory` | makes the values of a new instance |
//!
//! Knows neither stores nor guests: `instance/embedding` is how a host function reaches it.
//! Tests: the workspace's `tests/suite/embedding`.

mod factory;
mod shared;
mod slots;

pub(crate) use factory::Factories;
pub(crate) use shared::SharedData;
pub(crate) use slots::Slots;
