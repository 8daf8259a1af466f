//! `airssys-wasm build`

use std::path::PathBuf;

use clap::Args;

use super::CommonOptions;
use crate::api::Problem;
use crate::guest::{BuildProfile, BuiltComponent, build};
use crate::output::{Page, TextOutput};

/// Build a component from a Cargo project
///
/// Writes the component to `target/components`. If the component has no name, version or
/// description of its own, takes them from the manifest.
#[derive(Args, Debug)]
pub(super) struct BuildCommand {
    /// Folder of the project
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// Build without optimizations
    #[arg(long)]
    debug: bool,
}

impl BuildCommand {
    pub(super) fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let profile = if self.debug {
            BuildProfile::Debug
        } else {
            BuildProfile::Release
        };
        common.output.print(&build(&self.folder, profile)?);
        Ok(())
    }
}

impl TextOutput for Vec<BuiltComponent> {
    fn text(&self) -> Page {
        let line = |built: &BuiltComponent| {
            let version = built
                .version
                .as_deref()
                .map(|version| format!(" {version}"))
                .unwrap_or_default();
            let what = format!(
                "{}{version}: {} bytes, {}",
                built.name, built.bytes, built.digest
            );
            [what, built.file.display().to_string()]
        };
        Page::from_lines(self.iter().flat_map(line))
    }
}
