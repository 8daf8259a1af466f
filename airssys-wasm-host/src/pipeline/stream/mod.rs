//! Streams between stages: one call of each stage, and the elements pass while it runs.
//!
//! | file | what it does |
//! |---|---|
//! | `element` | the Rust types of elements |
//! | `flow` | a stream outside of any instance, to be read once |
//! | `feed`, `collect` | a flow into an instance, and one out of it |
//! | `streaming` | the call of a function that has streams |
//! | `chunks` | a function of lists, called for each chunk of a flow |
//!
//! Takes nothing from a writer before the reader has room for it: one chunk waits between two
//! stages, besides what the reader has taken and not processed yet. A failure on the way ends the
//! calls behind it with the same error.
//! Tests: `tests/suite/pipelines/streams.rs`.

mod chunks;
mod collect;
mod element;
mod feed;
mod flow;
mod streaming;

pub(super) use chunks::ChunkedCall;
pub use element::StreamElement;
pub(super) use flow::Flow;
pub use flow::ItemStream;
pub(super) use streaming::StreamingCall;
