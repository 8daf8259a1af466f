//! Is this a pipeline, and if not, everything that is in the way.
//!
//! | file | what it decides |
//! |---|---|
//! | `written` | which stages the ports name |
//! | `functions` | which function a stage is |
//! | `ports` | which port of it a text means |
//! | `edges` | what fits where it goes, and which items go there |
//! | `options` | which options go together |
//! | `streams` | that a stream is read once |
//! | `whole` | open ends, cycles, stages that nothing reaches |
//!
//! What depends on something that is wrong is not looked at: one slip is one problem.
//! Tests: golden reports in `tests/pipeline`.

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

/// Checks the whole, and makes a pipeline of it if nothing is wrong.
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
