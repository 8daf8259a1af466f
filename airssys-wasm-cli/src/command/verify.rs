//! `airssys-wasm verify`

use std::path::PathBuf;

use airssys_wasm_core::Digest;
use airssys_wasm_host::Component;
use clap::Args;
use serde::Serialize;

use super::CommonOptions;
use crate::api::{Problem, kinds};
use crate::files;
use crate::guest::{signature_of, verify};
use crate::output::{Page, TextOutput};

/// Verify a component file, its signature and its digest
#[derive(Args, Debug)]
pub(super) struct VerifyCommand {
    /// Component file
    file: PathBuf,
    /// Public key of the signer: a file, or the key itself
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// File with the signature; defaults to FILE.minisig
    #[arg(long, value_name = "FILE", requires = "key")]
    signature: Option<PathBuf>,
    /// Expected digest
    #[arg(long, value_name = "DIGEST")]
    digest: Option<Digest>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct VerifiedComponent {
    name: Option<String>,
    version: Option<String>,
    digest: String,
    /// The trusted comment of the signature; `None` if no key was given.
    signed: Option<String>,
}

impl VerifyCommand {
    pub(super) fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let component = Component::from_bytes(files::read_bytes(&self.file)?)?;
        if let Some(digest) = self.digest.filter(|digest| *digest != component.digest()) {
            let message = format!("the digest is {}, expected {digest}", component.digest());
            return Err(Problem::new(kinds::NOT_SIGNED, message));
        }
        let signed = match &self.key {
            Some(key) => {
                let path = self.signature.unwrap_or_else(|| signature_of(&self.file));
                let key = if std::path::Path::new(key).is_file() {
                    files::read_text(key.as_ref())?
                } else {
                    key.clone()
                };
                Some(verify(component.bytes(), &files::read_text(&path)?, &key)?)
            }
            None => None,
        };
        common.output.print(&VerifiedComponent {
            name: component.name().map(ToString::to_string),
            version: component.version().map(ToString::to_string),
            digest: component.digest().to_string(),
            signed,
        });
        Ok(())
    }
}

impl TextOutput for VerifiedComponent {
    fn text(&self) -> Page {
        let or_dash = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        let signed = self
            .signed
            .clone()
            .unwrap_or_else(|| "not checked: pass a key with `--key`".into());
        Page::from_lines([
            format!("name     {}", or_dash(&self.name)),
            format!("version  {}", or_dash(&self.version)),
            format!("digest   {}", self.digest),
            format!("signed   {signed}"),
        ])
    }
}
