//! Streams between stages: one call of each stage, and the elements pass while it goes on.
//!
//! | file | what it does |
//! |---|---|
//! | `element` | the Rust types that elements have |
//! | `flow` | a stream outside of any instance, to be read once |
//! | `feed`, `collect` | a flow into an instance, and one out of it |
//! | `streaming` | the call of a function that has streams |
//! | `chunks` | a function of lists, called for each chunk of a flow |
//!
//! Nothing is taken from a writer before the reader has room for it: one chunk waits between
//! two stages, beside what the reader has taken and not yet worked on. What fails on the way ends the calls behind it with the same error.
//! Tests: the workspace's `tests/suite/pipelines/streams`.

mod chunks;
mod collect;
mod element;
mod feed;
mod flow;
mod streaming;

pub(super) use chunks::PerChunk;
pub use element::StreamElement;
pub(super) use flow::Flow;
pub use flow::ItemStream;
pub(super) use streaming::Streaming;
