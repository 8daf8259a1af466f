//! What a component may do: its requests, as far as they are granted and not denied.
//!
//! | file | what it decides |
//! |---|---|
//! | `operation`, `http_target` | what is tried, in canonical form |
//! | `operation_text` | an operation from what an operator writes |
//! | `grants` | what an operator gives and denies |
//! | `lifting` | which revocations new grants lift |
//! | `fit` | whether a rule speaks of an operation |
//! | `listed` | which rules are worth asking |
//! | `covering` | which of many rules cover another |
//! | `address` | which addresses are public |
//! | `decide` | yes or no, and why |
//! | `review` | what of the requests is granted, and what two sets differ in |
//! | `explain` | a refusal, for the operator |
//!
//! Carries nothing out: the host asks, and does what is said.
//! Tests: beside each file, and `tests/reference`.

mod address;
mod covering;
mod decide;
mod explain;
mod file_rule;
mod fit;
mod grants;
mod http_target;
mod imports;
mod lifting;
mod listed;
mod named_rule;
mod operation;
#[cfg(feature = "url")]
mod operation_text;
mod review;
#[cfg(feature = "toml")]
mod toml;

pub use crate::capability::{FileSystem, Special, SpecialType};
pub use address::is_public;
pub use decide::{Decision, Policy, Reason, Requested};
pub use explain::Explanation;
pub use file_rule::FileRule;
pub use grants::{Grants, GrantsError, Shortfall};
pub use http_target::{HttpHost, HttpTarget, HttpTargetError};
pub use imports::{imports_means_for, kinds, mismatches};
pub use lifting::{Lifted, Lifting};
pub use named_rule::NamedRule;
pub use operation::{FileAccess, Operation, SocketAccess};
#[cfg(feature = "url")]
pub use operation_text::OperationError;
pub use review::{Change, Granted, Review, difference};
#[cfg(feature = "toml")]
pub use toml::TomlError;
#[cfg(feature = "pipeline")]
pub(crate) use toml::read;
