//! Components that answer HTTP requests of `wrk`, compared with `wasmtime serve`.

mod idle;
mod ours;
mod peer;
mod requests;
mod update;

pub(crate) use idle::{HOLD, hold_connections, rows as idle_connections};
pub(crate) use requests::rows as requests_a_second;
pub(crate) use update::rows as during_updates;

/// A component built for neither host.
const GUEST: &str = "plain-web";
