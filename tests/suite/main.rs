//! Tests with real components. A file a subject; `promises/` has one a promise.

mod authority;
mod bad_input;
mod calls;
mod capabilities;
mod code_cache;
mod components;
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
mod spinning;
mod state;
mod support;
mod walls;
mod watchdog;
