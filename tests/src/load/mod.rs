//! Calls under load, each with its own id, and a log of their outcomes.
//!
//! The load judges nothing; [`check`](check::check) does, from the log alone.

mod callers;
pub mod check;
mod log;
mod percentile;

pub use callers::{Answer, Load};
pub use check::{Verdict, check};
pub use log::{Call, Log, ServingPeriod, Timeline};
pub use percentile::percentile;
