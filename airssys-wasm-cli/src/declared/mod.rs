//! The desired deployments: the deployments file and its lock file.
//!
//! | file | content |
//! |---|---|
//! | `file` | `deployments.toml`: deployments with their components, grants and links; pipelines |
//! | `lock` | `deployments.lock`: the version and the digest of each component |
//!
//! Sends no requests; the commands resolve components to bytes.
//!
//! Tests: `airssys-wasm-cli/tests/cli/apply.rs`.

mod file;
mod lock;

pub(crate) use file::{DeclaredDeployment, DeclaredPipeline, DeploymentsFile};
pub(crate) use lock::{LockFile, LockedComponent};
