//! Tests of building pipelines, and of the report for invalid ones.
//!
//! The components are built from WIT text and have no behavior. Golden reports are in `snapshots`.
#![cfg(feature = "pipeline")]

mod components;
mod definition;
mod picture;
mod plan;
mod replace;
mod report;
mod shape;
mod streams;
