//! Checks, before anything runs, that the items given to a pipeline fit its inputs.
//!
//! Tests: `tests/suite/pipelines/refused.rs`.

use airssys_wasm_core::pipeline::{ComponentPipeline, PipelineInput};

use super::item::Inputs;
use crate::{Error, ErrorKind, Result};

/// Checks that there is an item of the right type for each input. `number` is the number of the item
/// in its run, if it belongs to one.
pub(super) fn check_inputs(
    pipeline: &ComponentPipeline,
    inputs: &mut Inputs,
    number: Option<u64>,
) -> Result<()> {
    match problem(pipeline, inputs) {
        None => Ok(()),
        Some(problem) => {
            let item = describe_item(pipeline, number);
            Err(Error::new(
                ErrorKind::TypeMismatch,
                format!("{item}: {problem}"),
            ))
        }
    }
}

/// Describes an item for errors: by its number in its run, if it belongs to one.
pub(super) fn describe_item(pipeline: &ComponentPipeline, number: Option<u64>) -> String {
    match number {
        Some(number) => format!("item {number} of `{}`", pipeline.name()),
        None => format!("`{}`", pipeline.name()),
    }
}

#[inline]
fn problem(pipeline: &ComponentPipeline, inputs: &mut Inputs) -> Option<String> {
    let (wanted, given) = (pipeline.inputs(), inputs.0.len());
    if wanted.is_empty() && given > 0 {
        return Some("it has its own sources and takes no items; run it with `run_sources`".into());
    }
    if wanted.len() != given {
        return Some(wrong_count(pipeline, given));
    }
    inputs.0.iter_mut().zip(wanted).find_map(|(item, input)| {
        let found = item.fit_input(&input.ty).err()?;
        Some(format!(
            "input `{}` takes `{}`, but was given {found}",
            port_name(pipeline, input),
            input.ty
        ))
    })
}

fn wrong_count(pipeline: &ComponentPipeline, given: usize) -> String {
    let ports: Vec<String> = pipeline
        .inputs()
        .iter()
        .map(|input| format!("`{}`", port_name(pipeline, input)))
        .collect();
    let were = if given == 1 {
        "1 item was"
    } else {
        &format!("{given} items were")
    };
    format!(
        "it takes an item for each of {}, but {were} given; collect them into `Inputs`",
        ports.join(", ")
    )
}

/// Returns the name of an input: its stage and parameter.
pub(super) fn port_name(pipeline: &ComponentPipeline, input: &PipelineInput) -> String {
    let stage = &pipeline.stages()[input.stage];
    format!("{}.{}", stage.name(), stage.inputs()[input.param].name)
}
