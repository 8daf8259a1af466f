//! `airssys-wasm new`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Common;
use crate::api::Problem;
use crate::guest::{Template, begin};
use crate::output::{Page, Shown};

/// Create a Cargo project for a component
///
/// `airssys-wasm build` builds it; `airssys-wasm dev` builds and deploys it on every change.
#[derive(Args, Debug)]
pub(super) struct New {
    /// Name of the component and its folder: lower-case words joined by `-`
    name: String,
    /// Kind of project
    #[arg(long, value_name = "KIND", default_value = "component")]
    template: Template,
    /// Folder with the source of `airssys-wasm-sdk`; defaults to the one next to the source of this
    /// command
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
        format!("created `{folder}`; build it with `airssys-wasm build {folder}`").into()
    }
}
