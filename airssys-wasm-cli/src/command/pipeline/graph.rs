//! `airssys-wasm pipeline graph`

use std::path::Path;

use clap::{Args, ValueEnum};

use super::definition::Definition;
use super::path;
use crate::api::{GraphView, Problem};
use crate::command::Common;
use crate::output::{Format, Page, say};

/// Print a pipeline as a Mermaid or Graphviz graph, in words, or as TOML
#[derive(Args, Debug)]
pub(super) struct Graph {
    /// Pipeline file, or the name of a deployed pipeline
    #[arg(value_name = "FILE|NAME")]
    pipeline: String,
    /// Output form
    #[arg(long, value_name = "FORM", default_value = "mermaid")]
    form: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Mermaid,
    Dot,
    Words,
    Toml,
}

impl Graph {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let graph = match file_of(&self.pipeline) {
            Some(file) => GraphView::from(&Definition::read(file)?.build(&common.client()?).await?),
            None => {
                common
                    .client()?
                    .get(&path(&self.pipeline, "/graph"))
                    .await?
            }
        };
        match (common.output, self.form) {
            (Format::Json, _) => common.output.show(&graph),
            (_, Form::Mermaid) => say(Page::of_text(&graph.mermaid)),
            (_, Form::Dot) => say(Page::of_text(&graph.dot)),
            (_, Form::Words) => say(Page::of_text(&graph.text)),
            (_, Form::Toml) => say(Page::of_text(&graph.definition)),
        }
        Ok(())
    }
}

/// Returns the path if the argument is a file, and not the name of a deployed pipeline.
pub(super) fn file_of(text: &str) -> Option<&Path> {
    (text.contains('/') || text.ends_with(".toml")).then(|| Path::new(text))
}
