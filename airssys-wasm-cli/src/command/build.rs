//! `airssys-wasm build`

use std::path::PathBuf;

use clap::Args;

use super::Common;
use crate::api::Problem;
use crate::guest::{Built, build};
use crate::output::{Page, Shown};

/// Build a component from a Cargo project
///
/// Writes the component to `target/components`. If the component has no name, version or
/// description of its own, takes them from the manifest.
#[derive(Args, Debug)]
pub(super) struct Build {
    /// Folder of the project
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// Build without optimizations
    #[arg(long)]
    debug: bool,
}

impl Build {
    pub(super) fn run(self, common: &Common) -> Result<(), Problem> {
        common.output.show(&build(&self.folder, !self.debug)?);
        Ok(())
    }
}

impl Shown for Vec<Built> {
    fn text(&self) -> Page {
        let line = |built: &Built| {
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
        Page::of_lines(self.iter().flat_map(line))
    }
}
