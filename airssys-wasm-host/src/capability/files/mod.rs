//! Files, through directories that were opened when the component was deployed.
//!
//! | file | what it does |
//! |---|---|
//! | `roots` | which directories a set of grants opens, once, by handle |
//! | `path` | what a component wrote, as names below the root of its world |
//! | `route`, `resolve`, `way` | from a path to a directory and one name in it, by handles, and what lies there |
//! | `opened` | what an instance has open, and what each may be used for |
//! | `asking` | which path is meant, and whether it may be used so |
//! | `target` | the directory that an operation is done from, and the path in it |
//! | `trip`, `inner` | an operation on a blocking thread, by wasmtime's own implementation |
//! | `opening` | finding out what something is, opening it, and learning which file it is, in one trip |
//! | `input`, `output` | streams that read and write files |
//! | `view` | `wasi:filesystem`, asking before each operation |
//! | `quota`, `charge`, `writer`, `held` | how much may lie in a directory, and what a write takes from it |
//!
//! In a directory in which every path has the same grants links are followed as far as they do
//! not lead out of it. In one with finer grants (patterns, denies within, quotas, append-only) no
//! link is followed, because what a link leads to has another name than the one that was granted.
//! FIFOs, devices, and file systems that do not hold ordinary files need a grant that names them,
//! and sockets are not opened.
//! Tests: the workspace's `tests/attacks` and `tests/suite/capabilities/files`.

mod asking;
mod charge;
mod held;
mod inner;
mod input;
mod opened;
mod opening;
mod output;
mod path;
mod quota;
#[cfg(unix)]
mod resolve;
#[cfg(not(unix))]
#[path = "resolve_other.rs"]
mod resolve;
mod roots;
mod route;
mod target;
mod trip;
mod view;
#[cfg(unix)]
mod way;
mod writer;

pub(crate) use roots::Roots;
pub(crate) use view::{Files, FilesView};
