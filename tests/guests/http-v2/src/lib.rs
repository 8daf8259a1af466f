//! The guest `http-v1` in another version.

#[path = "../../http-v1/src/serve.rs"]
mod serve;
