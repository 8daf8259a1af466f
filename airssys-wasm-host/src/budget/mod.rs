//! What the deployments of a host share, and how much of it each has taken.
//!
//! Tests: the workspace's `tests/suite`.

mod share;

pub(crate) use share::{DeploymentShare, DeploymentShares};
