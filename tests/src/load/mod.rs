//! Calls under load, each with an id of its own, and a log of what became of
//! them.
//!
//! The load decides nothing; the [`check`](check::check) does, from the log alone.

mod callers;
pub mod check;
mod log;
mod percentile;

pub use callers::{Answer, Load};
pub use check::{Verdict, check};
pub use log::{Call, Log, Timeline, Turn};
pub use percentile::percentile;
