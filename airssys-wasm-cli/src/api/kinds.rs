//! Problem kinds: those that the command adds to the codes of the host library's errors, and the
//! codes that it reports itself or acts on.
//!
//! Tests: `airssys-wasm-cli/src/output/exit.rs`.

/// The arguments or the request are not valid.
pub(crate) const USAGE: &str = "usage";
/// A file cannot be read or written.
pub(crate) const FILE: &str = "file";
/// A socket, a signal handler or a thread cannot be obtained from the system.
pub(crate) const IO: &str = "io";
/// No host process answers.
pub(crate) const NO_HOST: &str = "no-host-process";
/// The client is not permitted to use the host process.
pub(crate) const NOT_PERMITTED: &str = "not-permitted";
/// The peer sent an unexpected message.
pub(crate) const PROTOCOL: &str = "protocol";
/// A registry failed or refused a request.
pub(crate) const REGISTRY: &str = "registry";
/// A build tool is missing, or the build failed.
pub(crate) const BUILD: &str = "build";
/// A signature or a digest does not match.
pub(crate) const NOT_SIGNED: &str = "not-signed";
/// The actual state differs from the desired one.
pub(crate) const DIFFERENT: &str = "otherwise";
/// Too many requests of this kind are in progress.
pub(crate) const BUSY: &str = "busy";
/// A bug in the command or the host process.
pub(crate) const INTERNAL: &str = "internal";

/// A limit is not valid. A code of the host library.
pub(crate) const INVALID_LIMITS: &str = "invalid-limits";
/// Nothing provides an import. A code of the host library.
pub(crate) const MISSING_IMPORT: &str = "missing-import";
/// A name or a version is missing. A code of the host library.
pub(crate) const UNNAMED: &str = "unnamed";
/// The version is published with different bytes. A code of the host library.
pub(crate) const VERSION_TAKEN: &str = "version-taken";
