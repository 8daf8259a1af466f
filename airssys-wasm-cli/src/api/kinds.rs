//! Kinds of problems that are none of the host library's.

/// What was said cannot be understood.
pub(crate) const USAGE: &str = "usage";
/// A file cannot be read or written.
pub(crate) const FILE: &str = "file";
/// A socket or a signal cannot be had.
pub(crate) const IO: &str = "io";
/// No host process answers.
pub(crate) const NO_HOST: &str = "no-host-process";
/// The other side says something that is not understood.
pub(crate) const PROTOCOL: &str = "protocol";
/// A failure that is nobody's mistake but ours.
pub(crate) const INTERNAL: &str = "internal";
