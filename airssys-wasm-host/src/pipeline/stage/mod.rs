//! The functions of stages, called with items.
//!
//! | file | contents |
//! |---|---|
//! | `function` | a function that takes items |
//! | `connect` | the choice of the way in which a stage's function is called |
//! | `values` | calls with values: with Rust types, or with dynamic values |
//! | `streaming`, `params` | the call of a function that has streams, and its parameters |
//! | `chunks` | a function of lists, called for each chunk of a stream |
//! | `feed`, `collect` | a stream into an instance, and one out of it |
//! | `attempt_limit` | the deadline of a stage |
//!
//! With streams, there is one call of each stage, and the elements pass while it runs. Takes
//! nothing from a writer before the reader has room for it: one chunk waits between two stages,
//! besides what the reader has taken and not processed yet. A failure on the way ends the calls
//! behind it with the same error.
//! Tests: `tests/suite/pipelines/lanes.rs`, `tests/suite/pipelines/streams.rs`.

mod attempt_limit;
mod chunks;
mod collect;
mod connect;
mod feed;
mod function;
mod params;
mod streaming;
mod values;

pub(super) use attempt_limit::AttemptLimit;
pub(super) use connect::connect;
pub(super) use function::{StageFunction, StageValue};
