//! Checks a builder and turns it into a pipeline, or reports every problem.
//!
//! | file | contents |
//! |---|---|
//! | `written` | the stages that ports name |
//! | `functions` | the function of each stage |
//! | `ports` | the port that a text names |
//! | `edges` | types at both ends of an edge, and the items that take it |
//! | `options` | options that cannot be combined |
//! | `streams` | streams that would be read twice |
//! | `whole` | names, inputs and outputs, cycles, unconnected stages |
//!
//! Anything that depends on an invalid part is not checked, so that one mistake is reported once.
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

mod edges;
mod functions;
mod options;
mod ports;
mod streams;
mod whole;
mod written;

use super::definition::{PipelineDefinition, StageDefinition};
use super::{ComponentPipeline, PipelineBuilder, PipelineErrors, PipelineProblem, Stage, plan};
use written::Written;

type Problems = Vec<PipelineProblem>;

/// Checks all parts, and builds the pipeline if there are no problems.
pub(super) fn build(draft: PipelineBuilder) -> Result<ComponentPipeline, PipelineErrors> {
    let mut problems = Problems::new();
    if let Some(problem) = whole::size(&draft) {
        return Err(PipelineErrors::new(&draft.said.name, vec![problem]));
    }
    let name = whole::name(&draft.said, &mut problems);
    whole::stage_names(&draft, &mut problems);
    whole::bounds(&draft.said, &mut problems);
    let written = Written::read(&draft, &mut problems);
    let found: Vec<Option<Stage>> = functions::stages(&draft, &written, &mut problems);
    let mut edges = edges::edges(&draft.said, &written, &found, &mut problems);
    options::check(&draft, &written, &found, &mut problems);
    let (inputs, outputs) = whole::ends(&draft, &written, &found, &edges, &mut problems);
    streams::check(&found, &edges, &outputs, &mut problems);
    let order = whole::order(&draft, &written, &mut problems);
    whole::dead(&draft, &written, &mut problems);

    let stages: Vec<Stage> = found.into_iter().flatten().collect();
    let (Some(name), true) = (name, problems.is_empty()) else {
        return Err(PipelineErrors::new(&draft.said.name, problems));
    };
    plan::lanes(&stages, &mut edges);
    let said = definition(&draft);
    Ok(ComponentPipeline::new(super::Parts {
        name,
        stages,
        edges,
        inputs,
        outputs,
        order,
        said,
        draft,
    }))
}

fn definition(draft: &PipelineBuilder) -> PipelineDefinition {
    let stage = |draft: &super::builder::Draft| {
        let stage = StageDefinition {
            component: draft.reference.clone(),
            options: draft.options.clone(),
        };
        (draft.name.clone(), stage)
    };
    PipelineDefinition {
        stages: draft.drafts.iter().map(stage).collect(),
        ..draft.said.clone()
    }
}
