//! Items that pipelines put aside: a line of JSON each, in a file of the state directory.
//!
//! Tests: the crate's `tests/cli/pipelines`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use airssys_wasm_host::pipeline::{DeadLetter, DeadLetters};
use parking_lot::Mutex;

use crate::api::LetterView;

/// The file in the state directory.
const FILE: &str = "dead-letters.jsonl";

/// The file, which is opened for the first of them.
pub(super) struct LetterBox {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl LetterBox {
    pub(super) fn of(state_directory: &Path) -> Self {
        Self { path: state_directory.join(FILE), file: Mutex::default() }
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock();
        let open = match file.take() {
            Some(open) => open,
            None => OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?,
        };
        file.insert(open).write_all(line)
    }
}

impl DeadLetters for LetterBox {
    fn take(&self, letter: DeadLetter) {
        let letter = LetterView::from(letter);
        // It has texts and numbers, which JSON can always say.
        let mut line = serde_json::to_vec(&letter).unwrap_or_default();
        line.push(b'\n');
        if let Err(error) = self.write(&line) {
            let (pipeline, stage, sequence) = letter.of();
            tracing::error!(%error, pipeline, stage, sequence, "an item that was put aside is lost");
        }
    }
}
