//! A file for each bench: our code, the peer's code, and the rows that they produce.

pub(crate) mod compile;
pub(crate) mod deadline;
pub(crate) mod decision;
pub(crate) mod etl;
mod fetcher;
pub(crate) mod file_read;
pub(crate) mod flat_memory;
pub(crate) mod fresh_instance;
pub(crate) mod hop;
pub(crate) mod http_get;
pub(crate) mod idle_memory;
pub(crate) mod link;
pub(crate) mod pipeline;
pub(crate) mod restart;
pub(crate) mod rollback;
pub(crate) mod spinners;
mod stages;
pub(crate) mod tail;
pub(crate) mod threads;
pub(crate) mod typed_call;
pub(crate) mod update;
pub(crate) mod web;
