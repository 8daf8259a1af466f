//! The directory that `bad` is granted.

use std::fs::{self, File};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A FIFO that is granted.
const FIFO: &str = "silent.pipe";

/// A FIFO that is in the directory and not granted.
const DENIED: &str = "denied";

const FILE: &str = "plain.txt";

/// For how long nothing is written to the FIFO, and then for how long its other end is closed.
const SILENT: Duration = Duration::from_secs(4);
const CLOSED: Duration = Duration::from_secs(2);

/// How often it is looked whether the process is to end.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Bait(TempDir);

impl Bait {
    /// # Panics
    ///
    /// If the files cannot be made.
    pub(super) fn new() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        for name in [FIFO, DENIED] {
            let made = Command::new("mkfifo")
                .arg(place.path().join(name))
                .status()
                .expect("mkfifo runs");
            assert!(made.success(), "the FIFO `{name}` is made");
        }
        fs::write(place.path().join(FILE), "plain").expect("a file is written");
        Self(place)
    }

    /// What is granted: the directory, and beyond ordinary files one FIFO.
    pub(super) fn grants(&self) -> [String; 2] {
        let directory = format!("file-read /d from={}", self.0.path().display());
        [directory, format!("file-read /d/{FIFO} types=fifo")]
    }

    /// The rule that an operator revokes.
    pub(super) fn revoked() -> &'static str {
        "file-read /d"
    }

    /// Holds the other end of the FIFO and writes nothing: a reader is stuck. At times lets go
    /// of it, so that other operations get their turn. Returns the other end when the process is to
    /// end.
    ///
    /// # Panics
    ///
    /// If the FIFO cannot be opened.
    pub(super) fn keep_silent_at_times(&self, is_ending: &AtomicBool) -> File {
        loop {
            let fifo = File::options()
                .read(true)
                .write(true)
                .open(self.0.path().join(FIFO));
            let fifo = fifo.expect("a FIFO is opened at both ends");
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
