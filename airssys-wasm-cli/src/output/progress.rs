//! Progress indicators on standard error, shown only on a terminal.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::escape;

/// Delay before a spinner appears.
const SPINNER_DELAY: Duration = Duration::from_millis(400);

/// A spinner that appears after a delay and disappears when this is dropped.
pub(crate) struct DelayedSpinner {
    /// The task that shows the spinner; `None` if standard error is not a terminal.
    timer: Option<AbortHandle>,
    spinner: Arc<Mutex<Option<Progress>>>,
}

/// A progress bar or a spinner that disappears when this is dropped.
pub(crate) struct Progress(ProgressBar);

/// Shows a spinner for a task of unknown duration.
pub(crate) fn show_spinner(what: impl Into<String>) -> DelayedSpinner {
    let (what, shown) = (what.into(), Arc::new(Mutex::new(None)));
    if !std::io::stderr().is_terminal() {
        return DelayedSpinner {
            timer: None,
            spinner: shown,
        };
    }
    let show = Arc::downgrade(&shown);
    let timer = tokio::spawn(async move {
        tokio::time::sleep(SPINNER_DELAY).await;
        if let Some(shown) = show.upgrade() {
            *shown.lock() = Some(Progress(spinner(what)));
        }
    });
    DelayedSpinner {
        timer: Some(timer.abort_handle()),
        spinner: shown,
    }
}

/// Shows a progress bar for the transfer of `total` bytes.
pub(crate) fn show_byte_progress(what: impl Into<String>, total: u64) -> Progress {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.set_style(style(
        "{msg} [{bar:30}] {binary_bytes} of {binary_total_bytes}",
    ));
    bar.set_message(escape::line(&what.into()));
    Progress(bar)
}

impl Progress {
    /// Advances the bar by a number of bytes.
    pub(crate) fn advance(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }
}

fn spinner(what: String) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style("{spinner} {msg} ({elapsed})"));
    bar.set_message(escape::line(&what));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn style(template: &str) -> ProgressStyle {
    // Falls back to the default style if the template is invalid.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Drop for DelayedSpinner {
    fn drop(&mut self) {
        self.timer.iter().for_each(AbortHandle::abort);
        // Clears the spinner before anything else is printed.
        self.spinner.lock().take();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
