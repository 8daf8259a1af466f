//! The directory that `bad` is granted.

use std::fs::{self, File};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A FIFO that `bad` may read.
const FIFO: &str = "silent.pipe";

/// A FIFO in the directory that is not granted.
const DENIED: &str = "denied";

const FILE: &str = "plain.txt";

/// Time for which the FIFO's other end is open without writing, and then the time for which it is
/// closed.
const SILENT: Duration = Duration::from_secs(4);
const CLOSED: Duration = Duration::from_secs(2);

/// Interval at which the end of the soak is checked.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Bait(TempDir);

impl Bait {
    /// # Panics
    ///
    /// Panics if the files cannot be created.
    pub(super) fn new() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        for name in [FIFO, DENIED] {
            let made = Command::new("mkfifo")
                .arg(place.path().join(name))
                .status()
                .expect("mkfifo runs");
            assert!(made.success(), "cannot create the FIFO `{name}`");
        }
        fs::write(place.path().join(FILE), "plain").expect("a file is written");
        Self(place)
    }

    /// Returns the grants: the directory, and one FIFO in addition to ordinary files.
    pub(super) fn grants(&self) -> [String; 2] {
        let directory = format!("file-read /d from={}", self.0.path().display());
        [directory, format!("file-read /d/{FIFO} types=fifo")]
    }

    /// Returns the rule that the operator revokes.
    pub(super) fn revoked_rule() -> &'static str {
        "file-read /d"
    }

    /// Holds the other end of the FIFO open without writing, so that a reader blocks. Closes it at
    /// intervals, so that other operations are scheduled. Returns the other end once the process is
    /// to end.
    ///
    /// # Panics
    ///
    /// Panics if the FIFO cannot be opened.
    pub(super) fn block_readers_at_intervals(&self, is_ending: &AtomicBool) -> File {
        loop {
            let fifo = File::options()
                .read(true)
                .write(true)
                .open(self.0.path().join(FIFO));
            let fifo = fifo.expect("the FIFO opens for reading and writing");
            if is_ending.load(Ordering::Relaxed) {
                return fifo;
            }
            wait(SILENT, is_ending);
            drop(fifo);
            wait(CLOSED, is_ending);
        }
    }
}

fn wait(time: Duration, is_ending: &AtomicBool) {
    let begun = Instant::now();
    while begun.elapsed() < time && !is_ending.load(Ordering::Relaxed) {
        thread::sleep(LOOK);
    }
}
