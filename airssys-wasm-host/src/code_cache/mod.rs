//! Compiled code, kept on disk by the digest of its component.
//!
//! The one room with `unsafe`: loading compiled code is sound only if this
//! runtime compiled it. So the directory is private to the user (0700), an entry
//! is keyed by the component's digest and everything the compiler was told, its
//! checksum is verified before it is loaded, and it is written aside and renamed.
//! A damaged or stale entry is compiled anew. Without a directory, or with one
//! that cannot be written, everything works and compiles each time.
//! Tests: the workspace's `tests/code_cache`.

mod compiler;
mod directory;
mod failure;
mod process;
mod queue;
mod stop;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use airssys_wasm_core::Digest;
use wasmtime::Engine;

use crate::engine::Compiling;
use crate::observe::{Announcer, Event};
use crate::{Component, Result};
pub(crate) use compiler::Compiler;
use directory::Directory;
pub(crate) use failure::out_of_time;
pub use process::CompilerProcess;
pub(crate) use stop::Stop;

/// Finds or makes compiled code.
pub(crate) struct CodeCache {
    directory: Option<Directory>,
    compiler: Compiler,
    announcer: Arc<Announcer>,
    complained: AtomicBool,
}

/// Code that this process may load: it compiled it, or verified that it is what
/// an earlier one wrote.
pub(crate) enum Code {
    /// A verified file in the cache.
    File(PathBuf),
    /// Fresh from the compiler, in this process or another one of the same program.
    Bytes(Vec<u8>),
}

impl CodeCache {
    pub(crate) fn new(
        directory: Option<&Path>,
        announcer: Arc<Announcer>,
        compiler: Compiler,
    ) -> Self {
        let mut cache = Self {
            directory: None,
            compiler,
            announcer,
            complained: AtomicBool::new(false),
        };
        match directory.map(Directory::open) {
            Some(Ok(directory)) => cache.directory = Some(directory),
            Some(Err(error)) => cache.complain(&error),
            None => {}
        }
        cache
    }

    /// The code of a component for an engine: from the cache if an intact entry
    /// is there, else from the compiler, which may be stopped.
    pub(crate) fn code(
        &self,
        compiling: &Compiling,
        component: &Component,
        stop: &Stop,
    ) -> Result<Code> {
        let key = key(compiling, component.digest());
        if let Some(code) = self.find(&key) {
            return Ok(code);
        }
        let code = self.compiler.compile(compiling, component.bytes(), stop)?;
        self.keep(&key, &code);
        Ok(Code::Bytes(code))
    }

    /// Whether an entry is there that is small enough to be loaded at once.
    pub(crate) fn has_at_hand(&self, compiling: &Compiling, digest: Digest) -> bool {
        self.directory
            .as_ref()
            .is_some_and(|directory| directory.has_small(&key(compiling, digest)))
    }

    fn find(&self, key: &str) -> Option<Code> {
        match self.directory.as_ref()?.find(key) {
            Ok(path) => path.map(Code::File),
            Err(error) => {
                self.announcer.announce(Event::CodeCacheEntryRejected {
                    reason: error.to_string(),
                });
                None
            }
        }
    }

    fn keep(&self, key: &str, code: &[u8]) {
        if let Some(Err(error)) = self
            .directory
            .as_ref()
            .map(|directory| directory.keep(key, code))
        {
            self.complain(&error);
        }
    }

    /// Says once that the cache cannot be used.
    fn complain(&self, error: &std::io::Error) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the code cache cannot be used; components are compiled each time");
            self.announcer.announce(Event::CodeCacheUnavailable {
                reason: error.to_string(),
            });
        }
    }
}

impl Code {
    /// Loads the code into an engine.
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<wasmtime::component::Component> {
        #[allow(unsafe_code)]
        match self {
            // SAFETY: the bytes came from this runtime's compiler, in this process or in one that
            // this process started from its own program, through a pipe that nobody else has.
            Self::Bytes(bytes) => unsafe {
                wasmtime::component::Component::deserialize(engine, bytes)
            },
            // SAFETY: `Directory::find` has verified the checksum that was written
            // beside the file by this runtime's compiler, and the directory is
            // private to this user; wasmtime itself refuses code of another
            // version or with other settings.
            Self::File(path) => unsafe {
                wasmtime::component::Component::deserialize_file(engine, path)
            },
        }
    }
}

/// Everything that the compiled code depends on.
fn key(compiling: &Compiling, digest: Digest) -> String {
    format!("{}-{:016x}", digest.to_hex(), compiling.settings)
}
