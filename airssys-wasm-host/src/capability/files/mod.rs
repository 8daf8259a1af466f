//! Files, through directories that were opened when the component was deployed.
//!
//! | file | what it does |
//! |---|---|
//! | `roots` | which directories a set of grants opens, once, by handle |
//! | `path` | what a component wrote, as names below the root of its world |
//! | `walk` | to a directory by handles, following no link |
//! | `opened` | what an instance has open, and what each may be used for |
//! | `asking` | which path is meant, and whether it may be used so |
//! | `target` | the directory and the name in it that an operation is done with |
//! | `opening` | opening something, and learning which file it is, in one trip |
//! | `view` | `wasi:filesystem`, asking before each operation |
//! | `quota`, `charge`, `writer` | how much may lie in a directory, and what a write takes from it |
//!
//! A directory in which every path has the same grants is used as wasmtime does, in the
//! sandbox of cap-primitives, links included. One with finer grants (patterns, denies
//! within, quotas, append-only) is walked name by name and no link in it is followed,
//! because what a link leads to has another name than the one that was granted.
//! Tests: the workspace's `tests/attacks` and `tests/suite/capabilities/files`.

mod asking;
mod charge;
mod opened;
mod opening;
mod path;
mod quota;
mod roots;
mod target;
mod view;
mod walk;
mod writer;

pub(crate) use roots::Roots;
pub(crate) use view::{Files, FilesView};
