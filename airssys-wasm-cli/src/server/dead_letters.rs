//! The dead letters of pipelines: one line of JSON each, in a file in the state directory.
//!
//! Tests: in this file, and `airssys-wasm-cli/tests/cli/pipelines.rs`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use airssys_wasm_host::pipeline::{DeadLetter, DeadLetterReceiver};
use parking_lot::Mutex;

use crate::api::DeadLetterView;

/// The name of the file in the state directory.
const FILE_NAME: &str = "dead-letters.jsonl";

/// Size at which the file is rotated. Only one rotated file is retained.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The dead-letter file, opened when the first letter is written.
pub(super) struct DeadLetterFile {
    path: PathBuf,
    file: Mutex<Option<OpenFile>>,
}

struct OpenFile {
    file: File,
    bytes: u64,
}

impl DeadLetterFile {
    pub(super) fn new(state_directory: &Path) -> Self {
        Self {
            path: state_directory.join(FILE_NAME),
            file: Mutex::default(),
        }
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.file.lock();
        let mut current = match open.take() {
            Some(current) if current.bytes < FILE_BYTES_MAX => current,
            _ => self.open()?,
        };
        // After a failed write, the file is opened again, which ends a partial line.
        current.file.write_all(line)?;
        current.bytes += line.len() as u64;
        *open = Some(current);
        Ok(())
    }

    fn open(&self) -> io::Result<OpenFile> {
        let path = &self.path;
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() >= FILE_BYTES_MAX) {
            std::fs::rename(path, path.with_extension("old.jsonl"))?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .mode(0o600)
            .open(path)?;
        let bytes = file.metadata()?.len();
        if bytes > 0 && !ends_with_newline(&mut file)? {
            file.write_all(b"\n")?;
        }
        Ok(OpenFile { file, bytes })
    }
}

/// Returns `true` if the file's last byte is a line feed.
fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl DeadLetterReceiver for DeadLetterFile {
    fn receive(&self, letter: DeadLetter) {
        let letter = DeadLetterView::from(letter);
        // Cannot fail: it consists of strings and numbers.
        let mut line = serde_json::to_vec(&letter).unwrap_or_default();
        line.push(b'\n');
        if let Err(error) = self.write(&line) {
            let (pipeline, stage, sequence) = letter.location();
            tracing::error!(%error, pipeline, stage, sequence, "cannot write a dead letter; the item is lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_line_is_ended_before_the_next() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(FILE_NAME);
        std::fs::write(&path, "{\"cut\":").expect("written");
        let letters = DeadLetterFile::new(directory.path());
        letters.write(b"{}\n").expect("written");
        letters.write(b"{}\n").expect("written");
        assert_eq!(
            std::fs::read_to_string(&path).expect("there"),
            "{\"cut\":\n{}\n{}\n"
        );
    }

    #[test]
    fn a_large_file_is_rotated() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(FILE_NAME);
        let large = std::fs::File::create(&path).expect("made");
        large.set_len(FILE_BYTES_MAX).expect("set");
        let letters = DeadLetterFile::new(directory.path());
        letters.write(b"{}\n").expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "{}\n");
        assert!(directory.path().join("dead-letters.old.jsonl").exists());
    }
}
