//! Kinds of problems that are none of the host library's.

/// What was said cannot be understood.
pub(crate) const USAGE: &str = "usage";
/// A file cannot be read or written.
pub(crate) const FILE: &str = "file";
/// A socket or a signal cannot be had.
pub(crate) const IO: &str = "io";
/// No host process answers.
pub(crate) const NO_HOST: &str = "no-host-process";
/// Whoever asks may not.
pub(crate) const NOT_PERMITTED: &str = "not-permitted";
/// The other side says something that is not understood.
pub(crate) const PROTOCOL: &str = "protocol";
/// A registry does not do what was asked.
pub(crate) const REGISTRY: &str = "registry";
/// What is needed to build is missing, or it does not build.
pub(crate) const BUILD: &str = "build";
/// A signature or a digest is not the one that is asked for.
pub(crate) const NOT_SIGNED: &str = "not-signed";
/// Something is not as it should be.
pub(crate) const OTHERWISE: &str = "otherwise";
/// Too many requests of this kind are under way.
pub(crate) const BUSY: &str = "busy";
/// A failure that is nobody's mistake but ours.
pub(crate) const INTERNAL: &str = "internal";
