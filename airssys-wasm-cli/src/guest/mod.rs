//! Tools for component authors: templates, builds, source watching and signatures.
//!
//! | file | contents |
//! |---|---|
//! | `template` | new projects from a template |
//! | `build` | components from a Cargo project |
//! | `watch` | waits for changes to the sources |
//! | `signature` | minisign keys and signatures |
//!
//! Does not talk to a host process.
//!
//! Tests: `airssys-wasm-cli/tests/cli/authors.rs`.

mod build;
mod signature;
mod template;
mod watch;

pub(crate) use build::{BuildProfile, BuiltComponent, build, check_target};
pub(crate) use signature::{KeyFiles, sign, signature_path as signature_of, verify};
pub(crate) use template::{Template, create_project};
pub(crate) use watch::SourceWatcher;
