//! `airssys-wasm sign`

use std::path::PathBuf;

use airssys_wasm_host::Component;
use clap::Args;
use serde::Serialize;

use super::Common;
use crate::api::Problem;
use crate::files;
use crate::guest::{sign, signature_of};
use crate::output::{Page, Shown};

/// Sign a component file
///
/// Writes the signature to FILE.minisig. Check it with `airssys-wasm verify FILE --key KEY`, or
/// with minisign.
#[derive(Args, Debug)]
pub(super) struct Sign {
    /// Component file
    file: PathBuf,
    /// File with the secret key
    #[arg(long, value_name = "FILE", default_value = "airssys-wasm.key")]
    key: PathBuf,
}

#[derive(Serialize)]
struct Signed {
    signature: PathBuf,
    said: String,
}

impl Sign {
    pub(super) fn run(self, common: &Common) -> Result<(), Problem> {
        let component = Component::from_bytes(files::read(&self.file)?)?;
        let said = identity(&component);
        let text = sign(component.bytes(), &files::read_text(&self.key)?, &said)?;
        let path = signature_of(&self.file);
        std::fs::write(&path, text).map_err(|error| Problem::of_file("write", &path, error))?;
        common.output.show(&Signed {
            signature: path,
            said,
        });
        Ok(())
    }
}

/// Returns the trusted comment of the signature: the name, version and digest of the component.
fn identity(component: &Component) -> String {
    let name = component
        .name()
        .map_or_else(|| "a component".to_owned(), ToString::to_string);
    let version = component
        .version()
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    format!("{name}{version} {}", component.digest())
}

impl Shown for Signed {
    fn text(&self) -> Page {
        format!("{}: {}", self.signature.display(), self.said).into()
    }
}
