//! The `--dry-run` option.

use clap::Args;

use crate::api::DoneOr;
use crate::output::{Page, Shown};

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
}

impl<T: Shown> Shown for DoneOr<T> {
    fn text(&self) -> Page {
        match self {
            Self::Would(would) => format!("would {}", would.would).into(),
            Self::Done(done) => done.text(),
        }
    }
}
