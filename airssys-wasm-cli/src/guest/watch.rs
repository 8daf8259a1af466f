//! Waits until sources have changed.

use std::path::Path;
use std::time::Duration;

use notify_debouncer_mini::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_mini::{DebounceEventResult, Debouncer, new_debouncer};
use tokio::sync::mpsc;

use crate::api::{Problem, kinds};

/// How long nothing may change before it is built: editors write several files.
const QUIET: Duration = Duration::from_millis(200);

/// Changes to the sources in a folder.
pub(crate) struct Changes {
    changed: mpsc::UnboundedReceiver<()>,
    _watcher: Debouncer<RecommendedWatcher>,
}

impl Changes {
    /// Those from now on.
    pub(crate) fn of(folder: &Path) -> Result<Self, Problem> {
        let problem = |error: notify_debouncer_mini::notify::Error| {
            Problem::new(kinds::FILE, format!("`{}` cannot be watched", folder.display())).because(error)
        };
        let (tell, changed) = mpsc::unbounded_channel();
        let told = move |result: DebounceEventResult| {
            let is_source = |path: &Path| !path.components().any(|part| part.as_os_str() == "target");
            if result.is_ok_and(|events| events.iter().any(|event| is_source(&event.path))) {
                // Whoever waits no more has ended.
                let _ = tell.send(());
            }
        };
        let mut watcher = new_debouncer(QUIET, told).map_err(problem)?;
        // `target` is not watched: it changes whenever it is built.
        for (part, mode) in [
            ("", RecursiveMode::NonRecursive),
            ("src", RecursiveMode::Recursive),
            ("wit", RecursiveMode::Recursive),
        ] {
            let path = folder.join(part);
            if path.is_dir() {
                watcher.watcher().watch(&path, mode).map_err(problem)?;
            }
        }
        Ok(Self { changed, _watcher: watcher })
    }

    /// Waits for the next. Those that came meanwhile are one.
    pub(crate) async fn next(&mut self) {
        if self.changed.recv().await.is_some() {
            while self.changed.try_recv().is_ok() {}
        }
    }
}
