//! Files, through directories that are opened when the component is deployed.
//!
//! | file | contents |
//! |---|---|
//! | `view` | `wasi:filesystem`, a few lines for each operation |
//! | `descriptor_operation`, `path_operation`, `two_paths`, `open_at` | an operation from the check of its permission to its result |
//! | `listing`, `streams` | what a guest holds after an operation besides a descriptor |
//! | `file_context`, `permits`, `start_check`, `rename_check` | ask for permission and record refusals; the permits of a descriptor; checks that are repeated when an operation starts |
//! | `path`, `target` | paths of the guest, as names below `/`, and the directory that each is resolved from |
//! | `resolution`, `resolve`, `directory_stack` | resolution of a path to a directory handle and one name in it |
//! | `open`, `roots` | the directories that a set of grants opens, once, by handle |
//! | `instance_files`, `descriptor` | the open descriptors of an instance |
//! | `wasi_filesystem` | wasmtime's implementation, for one operation on a blocking thread |
//! | `input`, `output` | streams that read and write files |
//! | `quota`, `charge`, `charged_stream`, `unlink_guard` | limits on the bytes in a directory |
//!
//! An operation on a descriptor is `begin` and `run`, one on a path `begin_at` and `run`. The first
//! asks for permission and records the answer, so that the record is queued before anything
//! happens; the second waits for a slot, checks the permission again, does the work, records a
//! refusal that shows only then, and returns the result for the guest. An operation that is dropped
//! in between has had no effect, and a revocation in between stops it.
//!
//! If every path in a directory has the same grants, symbolic links are followed as long as they
//! stay inside it. If grants differ by path (patterns, denies within, quotas, append-only), the
//! directory is fine-grained: no symbolic link is followed in it, because the target has a name
//! other than the granted one. FIFOs, devices,
//! and file systems that do not hold regular files need a grant that names them. Sockets are never
//! opened.
//! Tests: `tests/attacks`, `tests/suite/capabilities/files.rs`.

mod charge;
mod charged_stream;
mod descriptor;
mod descriptor_operation;
#[cfg(unix)]
mod directory_stack;
mod file_context;
mod input;
mod instance_files;
mod listing;
mod open;
mod open_at;
mod output;
mod path;
mod path_operation;
mod permits;
mod quota;
mod rename_check;
mod resolution;
#[cfg(unix)]
mod resolve;
#[cfg(not(unix))]
#[path = "resolve_other.rs"]
mod resolve;
mod roots;
mod start_check;
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
use instance_files::{InstanceFiles, view};
use open::FilesState;

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
        revision.roots.update_symlink_policy(policy);
    }

    fn link(linker: &mut Linker<InstanceState>, _: Profile) -> wasmtime::Result<()> {
        filesystem::types::add_to_linker::<_, Self>(linker, view)?;
        filesystem::preopens::add_to_linker::<_, Self>(linker, view)
    }
}
