//! `airssys-wasm new`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::CommonOptions;
use crate::api::Problem;
use crate::guest::{Template, create_project};
use crate::output::{Page, TextOutput};

/// Create a Cargo project for a component
///
/// `airssys-wasm build` builds it; `airssys-wasm dev` builds and deploys it on every change.
#[derive(Args, Debug)]
pub(super) struct NewCommand {
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
struct CreatedProject {
    folder: PathBuf,
}

impl NewCommand {
    pub(super) fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let folder = create_project(&self.name, self.template, self.sdk.as_deref())?;
        common.output.print(&CreatedProject { folder });
        Ok(())
    }
}

impl TextOutput for CreatedProject {
    fn text(&self) -> Page {
        let folder = self.folder.display();
        format!("created `{folder}`; build it with `airssys-wasm build {folder}`").into()
    }
}
