//! That something takes a while, on standard error and only at a terminal.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::safe;

/// What takes no longer is not told.
const PATIENCE: Duration = Duration::from_millis(400);

/// Tells that something goes on, from when it has taken a while until this is dropped.
pub(crate) struct Waiting {
    /// None if nobody is there to be told.
    patience: Option<AbortHandle>,
    shown: Arc<Mutex<Option<Progress>>>,
}

/// How far something has come, until this is dropped.
pub(crate) struct Progress(ProgressBar);

/// Something that is waited for, and nobody knows how long.
pub(crate) fn waiting(what: impl Into<String>) -> Waiting {
    let (what, shown) = (what.into(), Arc::new(Mutex::new(None)));
    if !std::io::stderr().is_terminal() {
        return Waiting {
            patience: None,
            shown,
        };
    }
    let show = Arc::downgrade(&shown);
    let patience = tokio::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        if let Some(shown) = show.upgrade() {
            *shown.lock() = Some(Progress(spinner(what)));
        }
    });
    Waiting {
        patience: Some(patience.abort_handle()),
        shown,
    }
}

/// So many bytes that are on their way.
pub(crate) fn bytes(what: impl Into<String>, total: u64) -> Progress {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.set_style(style(
        "{msg} [{bar:30}] {binary_bytes} of {binary_total_bytes}",
    ));
    bar.set_message(safe::line(&what.into()));
    Progress(bar)
}

impl Progress {
    /// So many more.
    pub(crate) fn came(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }
}

fn spinner(what: String) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style("{spinner} {msg} ({elapsed})"));
    bar.set_message(safe::line(&what));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn style(template: &str) -> ProgressStyle {
    // One that cannot be read is told in another way.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.patience.iter().for_each(AbortHandle::abort);
        // Cleared before anything else is printed.
        self.shown.lock().take();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
