//! Whether what is given to a pipeline fits its inputs, before anything runs.
//!
//! Tests: the workspace's `tests/suite/pipelines/refused`.

use airssys_wasm_core::pipeline::{ComponentPipeline, PipelineInput};

use super::item::Inputs;
use super::runner::Runner;
use crate::{Error, ErrorKind, Result};

impl Runner {
    /// Checks that an item for each input is there, of its type. `number` is that of the item
    /// in its run, if it has one.
    pub(super) fn check(&self, inputs: &mut Inputs, number: Option<u64>) -> Result<()> {
        let pipeline = &self.pipeline;
        match problem(pipeline, inputs) {
            None => Ok(()),
            Some(problem) => {
                let what = told(pipeline, number);
                Err(Error::new(
                    ErrorKind::TypeMismatch,
                    format!("{what}: {problem}"),
                ))
            }
        }
    }
}

/// An item as errors tell it: by its number in its run, if it has one.
pub(super) fn told(pipeline: &ComponentPipeline, number: Option<u64>) -> String {
    match number {
        Some(number) => format!("item {number} of `{}`", pipeline.name()),
        None => format!("`{}`", pipeline.name()),
    }
}

fn problem(pipeline: &ComponentPipeline, inputs: &mut Inputs) -> Option<String> {
    let (wanted, given) = (pipeline.inputs(), inputs.0.len());
    if wanted.is_empty() && given > 0 {
        return Some("it has sources of its own and takes no items: `run_sources` runs it".into());
    }
    if wanted.len() != given {
        return Some(other_number(pipeline, given));
    }
    inputs.0.iter_mut().zip(wanted).find_map(|(item, input)| {
        let found = item.fit(&input.ty).err()?;
        Some(format!(
            "input `{}` takes `{}`, and was given {found}",
            port(pipeline, input),
            input.ty
        ))
    })
}

fn other_number(pipeline: &ComponentPipeline, given: usize) -> String {
    let ports: Vec<String> = pipeline
        .inputs()
        .iter()
        .map(|input| format!("`{}`", port(pipeline, input)))
        .collect();
    let were = if given == 1 {
        "1 item was"
    } else {
        &format!("{given} items were")
    };
    format!(
        "it takes an item for each of {}, and {were} given; collect them to `Inputs`",
        ports.join(", ")
    )
}

/// An input as text.
pub(super) fn port(pipeline: &ComponentPipeline, input: &PipelineInput) -> String {
    let stage = &pipeline.stages()[input.stage];
    format!("{}.{}", stage.name(), stage.inputs()[input.param].name)
}
