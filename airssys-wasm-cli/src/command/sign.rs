//! `airssys-wasm sign`

use std::path::PathBuf;

use airssys_wasm_host::Component;
use clap::Args;
use serde::Serialize;

use super::CommonOptions;
use crate::api::Problem;
use crate::files;
use crate::guest::{sign, signature_of};
use crate::output::{Page, TextOutput};

/// Sign a component file
///
/// Writes the signature to FILE.minisig. Check it with `airssys-wasm verify FILE --key KEY`, or
/// with minisign.
#[derive(Args, Debug)]
pub(super) struct SignCommand {
    /// Component file
    file: PathBuf,
    /// File with the secret key
    #[arg(long, value_name = "FILE", default_value = "airssys-wasm.key")]
    key: PathBuf,
}

#[derive(Serialize)]
struct SignedComponent {
    signature: PathBuf,
    said: String,
}

impl SignCommand {
    pub(super) fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let component = Component::from_bytes(files::read_bytes(&self.file)?)?;
        let said = trusted_comment(&component);
        let text = sign(component.bytes(), &files::read_text(&self.key)?, &said)?;
        let path = signature_of(&self.file);
        std::fs::write(&path, text)
            .map_err(|error| Problem::from_file_error("write", &path, error))?;
        common.output.print(&SignedComponent {
            signature: path,
            said,
        });
        Ok(())
    }
}

/// Returns the trusted comment of the signature: the name, version and digest of the component.
fn trusted_comment(component: &Component) -> String {
    let name = component
        .name()
        .map_or_else(|| "a component".to_owned(), ToString::to_string);
    let version = component
        .version()
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    format!("{name}{version} {}", component.digest())
}

impl TextOutput for SignedComponent {
    fn text(&self) -> Page {
        format!("{}: {}", self.signature.display(), self.said).into()
    }
}
