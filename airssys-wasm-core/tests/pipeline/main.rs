//! Pipelines of components: what is one, and the report on what is not.
//!
//! The components are made of WIT text and have no code worth running.
//! Golden reports are in `snapshots`.
#![cfg(feature = "pipeline")]

mod components;
mod definition;
mod picture;
mod plan;
mod replace;
mod report;
mod shape;
mod streams;
