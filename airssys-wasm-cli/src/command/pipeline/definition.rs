//! Pipeline files and their components.

use std::path::{Path, PathBuf};

use airssys_wasm_core::pipeline::{ComponentPipeline, PipelineDefinition};
use airssys_wasm_host::{Component, ErrorKind};

use crate::api::{Problem, build_pipeline};
use crate::client::{Client, encode_segment};
use crate::command::source::ComponentSource;
use crate::files;

/// A pipeline definition that was read from a file.
pub(in crate::command) struct PipelineFile {
    pub(in crate::command) definition: PipelineDefinition,
    /// The folder that contains the file.
    pub(in crate::command) folder: PathBuf,
}

impl PipelineFile {
    /// Reads a pipeline file.
    pub(in crate::command) fn read(path: &Path) -> Result<Self, Problem> {
        let text = files::read_text(path)?;
        let said = PipelineDefinition::from_toml(&text).map_err(|error| {
            Problem::from_kind(
                ErrorKind::InvalidPipeline,
                format!("`{}`: {error}", path.display()),
            )
        })?;
        Ok(Self {
            definition: said,
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
        })
    }

    /// Returns the bytes of the components that are files, with the positions of their stages.
    pub(super) fn files(&self) -> Result<Vec<(usize, Vec<u8>)>, Problem> {
        let stages = self.definition.stages().enumerate();
        let files =
            stages.filter_map(|(place, (_, stage))| Some((place, self.file(stage.component())?)));
        files
            .map(|(place, path)| Ok((place, files::read_bytes(&path)?)))
            .collect()
    }

    /// Builds and checks the pipeline. Fetches published components from the host process.
    pub(super) async fn build(&self, client: &Client) -> Result<ComponentPipeline, Problem> {
        let mut components = Vec::new();
        for (_, stage) in self.definition.stages() {
            let component = self.component(client, stage.component()).await;
            components.push(component.map_err(|problem| problem.to_string()));
        }
        build_pipeline(&self.definition, components)
    }

    async fn component(&self, client: &Client, reference: &str) -> Result<Component, Problem> {
        let bytes = match self.file(reference) {
            Some(path) => files::read_bytes(&path)?,
            None => client
                .fetch(&format!("/v1/packages/{}", encode_segment(reference)))
                .await?
                .to_vec(),
        };
        Ok(Component::from_bytes(bytes)?)
    }

    /// Returns the path of a component, if it is a file.
    fn file(&self, reference: &str) -> Option<PathBuf> {
        match ComponentSource::parse(reference) {
            ComponentSource::File(path) => Some(self.folder.join(path)),
            ComponentSource::Published(_) => None,
        }
    }
}
