//! Files, through directories that are opened when the component is deployed.
//!
//! | file | contents |
//! |---|---|
//! | `view` | `wasi:filesystem`, a few lines for each operation |
//! | `descriptor_operation`, `path_operation`, `two_paths`, `open_at` | an operation from the check of its permission to its result |
//! | `listing`, `streams` | what a guest holds after an operation besides a descriptor |
//! | `context`, `permits` | asks for permission and records refusals; the permits of a descriptor |
//! | `path`, `target` | paths of the guest, as names below `/`, and the directory that each is resolved from |
//! | `resolution`, `resolve`, `directory_stack` | resolution of a path to a directory handle and one name in it |
//! | `open`, `roots` | the directories that a set of grants opens, once, by handle |
//! | `descriptor` | the open descriptors of an instance |
//! | `wasi_filesystem` | wasmtime's implementation, for one operation on a blocking thread |
//! | `input`, `output` | streams that read and write files |
//! | `quota`, `charge`, `charged_stream`, `unlink_guard` | limits on the bytes in a directory |
//!
//! An operation on a descriptor is `begin` and `run`, one on a path `begin_at` and `run`. The first
//! asks for permission and records the answer, so that the record is queued before anything
//! happens; the second does the work, records a refusal that shows only then, and returns the
//! result for the guest. An operation that is dropped in between has had no effect.
//!
//! If every path in a directory has the same grants, links are followed as long as they stay inside
//! it. If grants differ by path (patterns, denies within, quotas, append-only), no link is
//! followed, because the target of a link has a name other than the granted one. FIFOs, devices,
//! and file systems that do not hold regular files need a grant that names them. Sockets are never
//! opened.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

mod charge;
mod charged_stream;
mod context;
mod descriptor;
mod descriptor_operation;
#[cfg(unix)]
mod directory_stack;
mod input;
mod listing;
mod open;
mod open_at;
mod output;
mod path;
mod path_operation;
mod permits;
mod quota;
mod resolution;
#[cfg(unix)]
mod resolve;
#[cfg(not(unix))]
#[path = "resolve_other.rs"]
mod resolve;
mod roots;
mod streams;
mod target;
mod two_paths;
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
