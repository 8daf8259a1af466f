//! Components on the side of their authors: begun from a template, built, watched, signed.
//!
//! | file | what it does |
//! |---|---|
//! | `template` | a project to begin with |
//! | `build` | a component from a project of cargo's |
//! | `watch` | waits until sources have changed |
//! | `signature` | keys and signatures, as minisign has them |
//!
//! Knows no host process. Tests: the crate's `tests/cli/authors`.

mod build;
mod signature;
mod template;
mod watch;

pub(crate) use build::{Built, build, check_target};
pub(crate) use signature::{Keys, path_of as signature_of, sign, verify};
pub(crate) use template::{Template, begin};
pub(crate) use watch::Changes;
