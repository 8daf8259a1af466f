//! The policy of a component: its requests, as far as they are granted and not denied.
//!
//! | file | contents |
//! |---|---|
//! | `operation`, `http_target` | operations, in canonical form |
//! | `operation_text` | parsing of operations written by an operator |
//! | `grants`, `grant_rules` | grants and denies of an operator, and as lists of texts |
//! | `differences` | differences between two sets of grants |
//! | `enforcement` | enforcement, or only recording |
//! | `revocations` | revocations that new grants lift |
//! | `matching` | matching of a rule against an operation |
//! | `rule_index` | preselection of rules that may match |
//! | `covering` | search for rules that cover another rule |
//! | `address` | public addresses |
//! | `decide` | decisions and their reasons |
//! | `review` | comparison of requests with grants, and of two sets of requests |
//! | `explain` | explanations of decisions for the operator |
//!
//! This module only decides; the host enforces the decisions.
//! Tests: `airssys-wasm-core/tests/reference`.

mod address;
mod covering;
mod decide;
mod differences;
mod enforcement;
mod explain;
mod file_rule;
mod grant_rules;
mod grants;
mod http_target;
mod imports;
mod matching;
mod named_rule;
mod operation;
#[cfg(feature = "url")]
mod operation_text;
mod review;
mod revocations;
mod rule_index;
#[cfg(feature = "toml")]
mod toml;

pub use crate::capability::{FileSystemType, SpecialFile, SpecialFileType};
pub use address::is_public;
pub use decide::{Decision, DenialReason, Policy, RequestedCapabilities};
pub use enforcement::Enforcement;
pub use explain::Explanation;
pub use file_rule::FileRule;
pub use grant_rules::GrantRules;
pub use grants::{Grants, GrantsError, Shortfall};
pub use http_target::{HttpHost, HttpTarget, HttpTargetError};
pub use imports::{import_mismatches, imported_kinds, imports_interface_for};
pub use named_rule::NamedRule;
pub use operation::{FileAccess, Operation, SocketAccess};
#[cfg(feature = "url")]
pub use operation_text::OperationError;
pub use review::{GrantReview, GrantStatus, RequestChange, request_changes};
pub use revocations::{LiftedRevocation, RevocationReview};
#[cfg(feature = "toml")]
pub use toml::TomlError;
#[cfg(feature = "pipeline")]
pub(crate) use toml::parse_toml;
