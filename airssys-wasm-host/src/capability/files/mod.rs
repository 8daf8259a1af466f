//! Files, through directories that are opened when the component is deployed.
//!
//! | file | contents |
//! |---|---|
//! | `roots` | the directories that a set of grants opens, once, by handle |
//! | `path` | paths of the guest, as names below `/` |
//! | `route`, `resolve`, `way` | resolution of a path to a directory handle and one name in it |
//! | `opened` | the open descriptors of an instance, and their permits |
//! | `asking` | the path of an operation, and the permission to use it |
//! | `target` | the directory that an operation starts from, and the path in it |
//! | `trip`, `inner` | operations on a blocking thread, with wasmtime's implementation |
//! | `opening` | inspecting, opening and identifying a file in one blocking operation |
//! | `input`, `output` | streams that read and write files |
//! | `view` | `wasi:filesystem`, with a check before each operation |
//! | `quota`, `charge`, `writer`, `held` | limits on the bytes in a directory |
//!
//! If every path in a directory has the same grants, links are followed as long as they stay inside
//! it. If grants differ by path (patterns, denies within, quotas, append-only), no link is
//! followed, because the target of a link has a name other than the granted one. FIFOs, devices,
//! and file systems that do not hold regular files need a grant that names them. Sockets are never
//! opened.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

mod blocking_call;
mod charge;
mod charged_stream;
mod descriptor;
#[cfg(unix)]
mod directory_stack;
mod input;
mod open;
mod output;
mod path;
mod permission;
mod quota;
mod resolution;
#[cfg(unix)]
mod resolve;
#[cfg(not(unix))]
#[path = "resolve_other.rs"]
mod resolve;
mod roots;
mod target;
mod unlink_guard;
mod view;
mod wasi_filesystem;

pub(crate) use roots::Roots;
pub(crate) use view::{FilesView, OpenFiles};
