//! Compiled code, cached on disk by the digest of its component.
//!
//! This is the only module with `unsafe`: loading compiled code is sound only if this runtime
//! compiled it. Therefore the directory is private to the user (0700), entries are keyed by the
//! component's digest and all compiler settings, and an entry's checksum is verified before it is
//! loaded. Entries are written to a temporary file and renamed. A damaged or outdated entry is
//! compiled again. Without a usable directory, components are compiled each time.
//!
//! Tests: `tests/suite/code_cache.rs`.

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

use crate::engine::CompileTarget;
use crate::observe::{Announcer, Event};
use crate::{Component, Result};
pub(crate) use compiler::Compiler;
use directory::CacheDirectory;
pub(crate) use failure::compile_timeout;
pub use process::CompilerProcess;
pub(crate) use stop::StopHandle;

/// The cache of compiled code, with the compiler behind it.
pub(crate) struct CodeCache {
    directory: Option<CacheDirectory>,
    compiler: Compiler,
    announcer: Arc<Announcer>,
    has_reported: AtomicBool,
}

/// Code that is safe to load: this process compiled it, or verified that an earlier one wrote it.
pub(crate) enum CompiledCode {
    /// A verified file of the cache.
    File(PathBuf),
    /// The output of the compiler, in this process or another one of the same program.
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
            has_reported: AtomicBool::new(false),
        };
        match directory.map(CacheDirectory::open) {
            Some(Ok(directory)) => cache.directory = Some(directory),
            Some(Err(error)) => cache.report_unavailable(&error),
            None => {}
        }
        cache
    }

    /// Returns the code of a component for an engine, from the cache if it has an intact entry,
    /// otherwise from the compiler, which `stop` may stop.
    pub(crate) fn code(
        &self,
        compiling: &CompileTarget,
        component: &Component,
        stop: &StopHandle,
    ) -> Result<CompiledCode> {
        let key = key(compiling, component.digest());
        if let Some(code) = self.find(&key) {
            return Ok(code);
        }
        let code = self.compiler.compile(compiling, component.bytes(), stop)?;
        self.store(&key, &code);
        Ok(CompiledCode::Bytes(code))
    }

    /// Returns the code of a component if the cache has an intact entry that is small enough to
    /// load immediately.
    pub(crate) fn small_code(
        &self,
        compiling: &CompileTarget,
        digest: Digest,
    ) -> Option<CompiledCode> {
        let directory = self.directory.as_ref()?;
        let key = key(compiling, digest);
        let has_small = directory.has_small(&key);
        // A damaged entry is reported when it is compiled again.
        let path = has_small.then(|| directory.find(&key).ok().flatten());
        path.flatten().map(CompiledCode::File)
    }

    fn find(&self, key: &str) -> Option<CompiledCode> {
        match self.directory.as_ref()?.find(key) {
            Ok(path) => path.map(CompiledCode::File),
            Err(error) => {
                self.announcer.announce(Event::CodeCacheEntryRejected {
                    reason: error.to_string(),
                });
                None
            }
        }
    }

    fn store(&self, key: &str, code: &[u8]) {
        if let Some(Err(error)) = self
            .directory
            .as_ref()
            .map(|directory| directory.store(key, code))
        {
            self.report_unavailable(&error);
        }
    }

    /// Reports once that the cache cannot be used.
    fn report_unavailable(&self, error: &std::io::Error) {
        if !self.has_reported.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the code cache cannot be used; components are compiled each time");
            self.announcer.announce(Event::CodeCacheUnavailable {
                reason: error.to_string(),
            });
        }
    }
}

impl CompiledCode {
    /// Loads the code into an engine.
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<wasmtime::component::Component> {
        #[allow(unsafe_code)]
        match self {
            // SAFETY: the bytes came from this runtime's compiler, in this process or in one that
            // this process started from its own program, through a pipe that no other process has.
            Self::Bytes(bytes) => unsafe {
                wasmtime::component::Component::deserialize(engine, bytes)
            },
            // SAFETY: `CacheDirectory::find` has verified the checksum that this runtime's compiler
            // wrote beside the file, and the directory is private to this user; wasmtime itself
            // rejects code of another version or with other settings.
            Self::File(path) => unsafe {
                wasmtime::component::Component::deserialize_file(engine, path)
            },
        }
    }
}

/// Returns the key of an entry, which covers everything that compiled code depends on.
fn key(compiling: &CompileTarget, digest: Digest) -> String {
    format!("{}-{:016x}", digest.to_hex(), compiling.settings_hash)
}
