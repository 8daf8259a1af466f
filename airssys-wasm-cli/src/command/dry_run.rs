//! Asking what would be done.

use clap::Args;

use crate::api::DoneOr;
use crate::output::{Page, Shown};

/// Whether it is only asked.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct DryRun {
    /// Check everything and do nothing; no component is started
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl DryRun {
    /// A path of the API, asked so.
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
