//! Files, through directories that are opened when the component is deployed.
//!
//! | file | contents |
//! |---|---|
//! | `roots` | the directories that a set of grants opens, once, by handle |
//! | `path` | paths of the guest, as names below `/` |
//! | `resolution`, `resolve`, `directory_stack` | resolution of a path to a directory handle and one name in it |
//! | `descriptor` | the open descriptors of an instance, and their permits |
//! | `permission` | the path of an operation, and the permission to use it |
//! | `target` | the directory that an operation starts from, and the path in it |
//! | `blocking_call`, `wasi_filesystem` | operations on a blocking thread, with wasmtime's implementation |
//! | `open` | the directories of a revision, and its budgets |
//! | `open_at` | inspecting, opening and identifying a file in one blocking operation |
//! | `input`, `output` | streams that read and write files |
//! | `view` | `wasi:filesystem`, with a check before each operation |
//! | `quota`, `charge`, `charged_stream`, `unlink_guard` | limits on the bytes in a directory |
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
mod open_at;
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

use std::sync::Arc;

use airssys_wasm_core::policy::Policy;
use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::filesystem;

use super::contract::{Capability, InstanceOpening, RevisionOpening};
use crate::Result;
use crate::engine::Profile;
use crate::instance::InstanceState;
use open::FilesState;
use view::{FilesView, InstanceFiles};

/// Files and directories.
pub(super) struct Files;

impl Capability for Files {
    type Revision = FilesState;
    type Instance = InstanceFiles;

    const INTERFACES: &'static [&'static str] =
        &["wasi:filesystem/preopens", "wasi:filesystem/types"];

    fn open(opening: &RevisionOpening<'_>) -> Result<FilesState> {
        FilesState::open(opening)
    }

    fn start(revision: &Arc<FilesState>, opening: &InstanceOpening<'_>) -> InstanceFiles {
        InstanceFiles::new(revision, &opening.caller)
    }

    /// Path resolution changes before the grants, so that no path is resolved in the old way under
    /// the new grants.
    fn narrow(revision: &FilesState, policy: &Policy) {
        revision.roots.update_link_policy(policy);
    }

    fn link(linker: &mut Linker<InstanceState>, _: Profile) -> wasmtime::Result<()> {
        filesystem::types::add_to_linker::<_, Self>(linker, view::view)?;
        filesystem::preopens::add_to_linker::<_, Self>(linker, view::view)
    }
}
