//! Grants of components: approval, revocation, quotas, values, the file of grants.
//!
//! Denied operations have a separate table, in `tests/attacks`.

mod approval;
mod descriptors;
mod files;
#[cfg(unix)]
mod files_special;
#[cfg(unix)]
mod files_stuck;
mod grants_file;
mod http;
mod lifting;
pub(crate) mod probe;
mod revoke;
mod values;
