//! Items that pipelines put aside: a line of JSON each, in a file of the state directory.
//!
//! Tests: the crate's `tests/cli/pipelines`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use airssys_wasm_host::pipeline::{DeadLetter, DeadLetters};
use parking_lot::Mutex;

use crate::api::{LetterView, Problem, kinds};

/// The file in the state directory.
const FILE: &str = "dead-letters.jsonl";

pub(super) struct LetterBox(Mutex<File>);

impl LetterBox {
    /// Opens the file, behind what is in it.
    pub(super) fn open(state_directory: &Path) -> Result<Self, Problem> {
        let path = state_directory.join(FILE);
        let file = open(state_directory, &path).map_err(|error| {
            Problem::new(kinds::IO, format!("cannot write `{}`", path.display())).because(error)
        })?;
        Ok(Self(Mutex::new(file)))
    }
}

fn open(state_directory: &Path, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(state_directory)?;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

impl DeadLetters for LetterBox {
    fn take(&self, letter: DeadLetter) {
        let letter = LetterView::from(letter);
        // It has texts and numbers, which JSON can always say.
        let mut line = serde_json::to_vec(&letter).unwrap_or_default();
        line.push(b'\n');
        if let Err(error) = self.0.lock().write_all(&line) {
            tracing::error!(%error, ?letter, "an item that was put aside cannot be written");
        }
    }
}
