//! `airssys-wasm keygen`

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::CommonOptions;
use crate::api::{Problem, kinds};
use crate::guest::KeyFiles;
use crate::output::{Page, TextOutput};

/// Generate a key pair for `sign` and `verify`
///
/// The keys are in the format of minisign. The secret key has no password; its file is readable
/// only by its owner. Fails if one of the files already exists.
#[derive(Args, Debug)]
pub(super) struct KeygenCommand {
    /// File for the secret key; the public key is written next to it with the extension `.pub`
    #[arg(value_name = "FILE", default_value = "airssys-wasm.key")]
    file: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct GeneratedKeys {
    secret: PathBuf,
    public: PathBuf,
    key: String,
}

impl KeygenCommand {
    pub(super) fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let public = self.file.with_extension("pub");
        if public == self.file {
            let message = "the file of the secret key must not end in `.pub`, the extension of the public key";
            return Err(Problem::new(kinds::USAGE, message));
        }
        let keys = KeyFiles::generate()?;
        write_new(&self.file, &keys.secret, 0o600)?;
        write_new(&public, &keys.public, 0o644).inspect_err(|_| {
            // A secret key is useless without its public key.
            let _ = std::fs::remove_file(&self.file);
        })?;
        let key = keys.public.lines().last().unwrap_or_default().to_owned();
        common.output.print(&GeneratedKeys {
            secret: self.file,
            public,
            key,
        });
        Ok(())
    }
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Problem> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Problem::from_file_error("write", path, error))
}

impl TextOutput for GeneratedKeys {
    fn text(&self) -> Page {
        let (secret, public) = (self.secret.display(), self.public.display());
        Page::from_lines([
            format!("{secret}: secret key, keep it private"),
            format!("{public}: public key, for verification"),
            self.key.clone(),
        ])
    }
}
