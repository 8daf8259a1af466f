//! The lines of the file as a stream that records how far it was read.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::watch;

use crate::{Result, table};

/// The progress of reading the table, shared between clones.
#[derive(Clone)]
pub(crate) struct Input {
    lines: Arc<AtomicU32>,
    first_after: Arc<AtomicU64>,
    half: watch::Sender<bool>,
    replaced: watch::Sender<bool>,
}

impl Default for Input {
    fn default() -> Self {
        let (half, replaced) = (watch::Sender::new(false), watch::Sender::new(false));
        Self {
            lines: Arc::default(),
            first_after: Arc::new(AtomicU64::new(u64::MAX)),
            half,
            replaced,
        }
    }
}

impl Input {
    /// Returns the lines. Ends early if reading the file fails, which shows in the number of lines.
    pub(crate) fn open(&self, file: &Path) -> Result<impl Stream<Item = String> + Send + 'static> {
        let lines = BufReader::new(File::open(file)?)
            .lines()
            .map_while(std::io::Result::ok);
        let input = self.clone();
        Ok(stream::iter(lines).then(move |line| {
            let input = input.clone();
            async move {
                input.count().await;
                line
            }
        }))
    }

    /// Counts a line that is about to enter the pipeline. The last tenth waits for the update, in
    /// case the stages are faster.
    async fn count(&self) {
        let line = u64::from(self.lines.fetch_add(1, Ordering::Relaxed)) + 1;
        if line == table::LINES / 2 {
            self.half.send_replace(true);
        }
        if line == table::LINES / 10 * 9 {
            wait_until_set(&self.replaced).await;
        }
        if *self.replaced.borrow() {
            self.first_after.fetch_min(line, Ordering::Relaxed);
        }
    }

    /// Waits until half of the table has been read.
    pub(crate) async fn wait_for_half(&self) {
        wait_until_set(&self.half).await;
    }

    /// Records that the update has returned.
    pub(crate) fn mark_replaced(&self) {
        self.replaced.send_replace(true);
    }

    /// Returns the number of lines read.
    pub(crate) fn lines(&self) -> u32 {
        self.lines.load(Ordering::Relaxed)
    }

    /// Returns the first line that entered after the update had returned.
    pub(crate) fn first_after(&self) -> u64 {
        self.first_after.load(Ordering::Relaxed)
    }
}

async fn wait_until_set(fact: &watch::Sender<bool>) {
    let mut fact = fact.subscribe();
    // The sender is borrowed, so it cannot be closed.
    let _ = fact.wait_for(|is_so| *is_so).await;
}
