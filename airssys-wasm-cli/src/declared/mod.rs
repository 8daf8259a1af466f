//! What should be deployed, as a file says it, and what that was resolved to.
//!
//! | file | what it is |
//! |---|---|
//! | `file` | `deployments.toml`: names with their components, grants and links; pipelines |
//! | `lock` | `deployments.lock`: the version and the digest of each component |
//!
//! Asks nobody: where bytes come from is for the commands to know.
//! Tests: beside each file, and the crate's `tests/cli/apply`.

mod file;
mod lock;

pub(crate) use file::{Declared, DeclaredDeployment, DeclaredPipeline};
pub(crate) use lock::{Lock, Locked};
