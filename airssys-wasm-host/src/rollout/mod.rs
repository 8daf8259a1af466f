//! Carries out core's rollout machine: deploys, updates and rollbacks.
//!
//! The machine decides what comes next; this module does it, and records the reason when something
//! fails. Until the switch, everything can be dropped, and the previous revision keeps serving. The
//! tests stop a rollout after every effect.
//! Tests: `tests/suite/promises`.

mod approval;
mod authorize;
mod checks;
mod compile;
mod deploy;
mod grants;
mod health;
mod lifting;
mod promotion;
mod rollback;
mod run;
mod target;
mod update;

pub use approval::Approval;
pub use deploy::Deploy;
pub use promotion::Promotion;
pub use rollback::Rollback;
pub(crate) use target::ParentPipeline;
pub use update::Update;

use crate::{Error, ErrorKind, Result};

type RolloutFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

fn invalid_state(what: &str) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("the rollout came to {what}, which is not valid in this state; this is a bug"),
    )
}
