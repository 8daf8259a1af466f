//! The `--dry-run` option.

use clap::Args;

use super::registry::PullTarget;
use crate::api::MaybeDryRun;
use crate::output::{Page, TextOutput};

/// The `--dry-run` option.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct DryRun {
    /// Check everything without making changes or starting a component
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl DryRun {
    /// Returns a path of the API with the query parameter for a dry run, if this is one.
    pub(super) fn path(self, path: &str) -> String {
        if self.dry_run {
            format!("{path}?dry-run=true")
        } else {
            path.to_owned()
        }
    }

    /// Returns the target of pulled components: a dry run stores nothing in the host process.
    pub(super) fn pull_target(self) -> PullTarget {
        if self.dry_run {
            PullTarget::Memory
        } else {
            PullTarget::HostProcess
        }
    }
}

impl<T: TextOutput> TextOutput for MaybeDryRun<T> {
    fn text(&self) -> Page {
        match self {
            Self::Would(would) => format!("would {}", would.would).into(),
            Self::Done(done) => done.text(),
        }
    }
}
