//! The promises of an update, one file each. Each test fails if the line that keeps the promise is
//! removed.

mod admission;
mod atomic_failure;
mod checker;
mod exactly_once;
mod no_drop;
mod order;
mod rehearsal;
mod rollback;
