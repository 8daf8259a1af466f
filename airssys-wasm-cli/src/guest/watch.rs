//! Waits for changes to a project's sources.
//!
//! Tests: `airssys-wasm-cli/tests/cli/authors.rs`.

use std::path::Path;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _, recommended_watcher};
use tokio::sync::mpsc;

use crate::api::{Problem, kinds};

/// Time without changes after which a build starts: editors write several files.
const QUIET: Duration = Duration::from_millis(200);

/// A watcher of the sources in a folder.
pub(crate) struct SourceWatcher {
    changed: mpsc::UnboundedReceiver<()>,
    _watcher: RecommendedWatcher,
}

impl SourceWatcher {
    /// Starts watching a folder.
    pub(crate) fn new(folder: &Path) -> Result<Self, Problem> {
        let problem = |error: notify::Error| {
            Problem::new(kinds::FILE, format!("cannot watch `{}`", folder.display()))
                .with_cause(error)
        };
        let (tell, changed) = mpsc::unbounded_channel();
        let told = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(&event)) {
                // Fails only once the receiver has been dropped.
                let _ = tell.send(());
            }
        };
        let mut watcher = recommended_watcher(told).map_err(problem)?;
        // `target` is not watched: every build changes it.
        let parts = [
            ("", RecursiveMode::NonRecursive),
            ("src", RecursiveMode::Recursive),
            ("wit", RecursiveMode::Recursive),
        ];
        for (part, mode) in parts {
            let path = folder.join(part);
            if path.is_dir() {
                watcher.watch(&path, mode).map_err(problem)?;
            }
        }
        Ok(Self {
            changed,
            _watcher: watcher,
        })
    }

    /// Waits for the next change, and then until changes stop for [`QUIET`].
    pub(crate) async fn changed(&mut self) {
        if self.changed.recv().await.is_some() {
            while let Ok(Some(())) = tokio::time::timeout(QUIET, self.changed.recv()).await {}
        }
    }
}

/// Returns `true` if an event changes a source: reads do not, and neither do the files that
/// cargo writes.
fn is_change(event: &Event) -> bool {
    let is_source = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name != "target" && name != "Cargo.lock"
    };
    !event.kind.is_access() && event.paths.iter().any(|path| is_source(path))
}
