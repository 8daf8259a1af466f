//! `airssys-wasm new`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Common;
use crate::api::Problem;
use crate::guest::{Template, begin};
use crate::output::{Page, Shown};

/// Begin a component: a folder with a project of cargo's that builds
///
/// `airssys-wasm build` builds it, `airssys-wasm dev` builds it whenever you change it.
#[derive(Args, Debug)]
pub(super) struct New {
    /// The name, of the folder too: lower-case words with `-` between them
    name: String,
    /// What it is to become
    #[arg(long, value_name = "KIND", default_value = "component")]
    template: Template,
    /// Where the source of `airssys-wasm-sdk` is; that of this command unless said
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

#[derive(Serialize)]
struct Begun {
    folder: PathBuf,
}

impl New {
    pub(super) fn run(self, common: &Common) -> Result<(), Problem> {
        let folder = begin(&self.name, self.template, self.sdk.as_deref())?;
        common.output.show(&Begun { folder });
        Ok(())
    }
}

impl Shown for Begun {
    fn text(&self) -> Page {
        let folder = self.folder.display();
        format!("{folder}: begun; `airssys-wasm build {folder}` builds it").into()
    }
}
