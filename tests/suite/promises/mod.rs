//! The promises of an update, one file each. Each test fails when the line that
//! keeps the promise is taken out.

mod admission;
mod atomic_failure;
mod checker;
mod exactly_once;
mod no_drop;
mod rehearsal;
mod rollback;
