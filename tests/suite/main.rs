//! Tests with real components, one file per subject; `promises/` has one file per promise.

mod authority;
mod bad_input;
mod budget;
mod calls;
mod capabilities;
mod code_cache;
mod components;
mod embedding;
mod ends;
mod fuse;
mod http;
mod instancing;
mod limits;
mod links;
mod observe;
mod pipelines;
mod promises;
mod readme;
mod slow_logs;
mod spinning;
mod state;
mod support;
mod terms;
mod threads;
mod walls;
mod watchdog;
