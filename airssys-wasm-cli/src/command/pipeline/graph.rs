//! `airssys-wasm pipeline graph`

use std::path::Path;

use clap::{Args, ValueEnum};

use super::api_path;
use super::definition::PipelineFile;
use crate::api::{GraphView, Problem};
use crate::command::CommonOptions;
use crate::output::{OutputFormat, Page, print_page};

/// Print a pipeline as a Mermaid or Graphviz graph, in words, or as TOML
#[derive(Args, Debug)]
pub(super) struct PipelineGraphCommand {
    /// Pipeline file, or the name of a deployed pipeline
    #[arg(value_name = "FILE|NAME")]
    pipeline: String,
    /// Output form
    #[arg(long, value_name = "FORM", default_value = "mermaid")]
    form: GraphForm,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum GraphForm {
    Mermaid,
    Dot,
    Words,
    Toml,
}

impl PipelineGraphCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let graph = match file_path(&self.pipeline) {
            Some(file) => {
                GraphView::from(&PipelineFile::read(file)?.build(&common.client()?).await?)
            }
            None => {
                common
                    .client()?
                    .get(&api_path(&self.pipeline, "/graph"))
                    .await?
            }
        };
        match (common.output, self.form) {
            (OutputFormat::Json, _) => common.output.print(&graph),
            (_, GraphForm::Mermaid) => print_page(Page::from_text(&graph.mermaid)),
            (_, GraphForm::Dot) => print_page(Page::from_text(&graph.dot)),
            (_, GraphForm::Words) => print_page(Page::from_text(&graph.text)),
            (_, GraphForm::Toml) => print_page(Page::from_text(&graph.definition)),
        }
        Ok(())
    }
}

/// Returns the path if the argument is a file, and not the name of a deployed pipeline.
pub(super) fn file_path(text: &str) -> Option<&Path> {
    (text.contains('/') || text.ends_with(".toml")).then(|| Path::new(text))
}
