//! Values of the embedder, for a host, a deployment, or an instance.
//!
//! | file | contents |
//! |---|---|
//! | `shared` | values by type that a host and its deployments share among their instances |
//! | `slots` | values by type that an instance owns, one of each type |
//!
//! Independent of stores and guests: host functions reach the values through `instance/embedding`.
//! Tests: `tests/suite/embedding`.

mod shared;
mod slots;

pub(crate) use shared::SharedValues;
pub(crate) use slots::Slots;
