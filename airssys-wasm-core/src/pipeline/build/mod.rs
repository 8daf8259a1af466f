//! Checks a builder and turns it into a pipeline, or reports every problem.
//!
//! | file | contents |
//! |---|---|
//! | `references` | the stages that ports name |
//! | `functions` | the function of each stage |
//! | `ports` | the port that a text names |
//! | `edges` | types at both ends of an edge, and the items that take it |
//! | `options` | options that cannot be combined |
//! | `streams` | streams that would be read twice |
//! | `topology` | names, inputs and outputs, cycles, unconnected stages |
//!
//! Anything that depends on an invalid part is not checked, so that one mistake is reported once.
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

mod edges;
mod functions;
mod options;
mod ports;
mod references;
mod streams;
mod topology;

use super::definition::{PipelineDefinition, StageDefinition};
use super::{ComponentPipeline, PipelineBuilder, PipelineErrors, PipelineProblem, Stage, plan};
use references::PortReferences;

type Problems = Vec<PipelineProblem>;

/// Checks all parts, and builds the pipeline if there are no problems.
pub(super) fn build(draft: PipelineBuilder) -> Result<ComponentPipeline, PipelineErrors> {
    let mut problems = Problems::new();
    if let Some(problem) = topology::check_size(&draft) {
        return Err(PipelineErrors::new(&draft.definition.name, vec![problem]));
    }
    let name = topology::parse_name(&draft.definition, &mut problems);
    topology::check_stage_names(&draft, &mut problems);
    topology::check_bounds(&draft.definition, &mut problems);
    let written = PortReferences::read(&draft, &mut problems);
    let found: Vec<Option<Stage>> = functions::resolve_stages(&draft, &written, &mut problems);
    let mut edges = edges::build_edges(&draft.definition, &written, &found, &mut problems);
    options::check(&draft, &written, &found, &mut problems);
    let (inputs, outputs) =
        topology::inputs_and_outputs(&draft, &written, &found, &edges, &mut problems);
    streams::check(&found, &edges, &outputs, &mut problems);
    let order = topology::topological_order(&draft, &written, &mut problems);
    topology::check_disconnected(&draft, &written, &mut problems);

    let stages: Vec<Stage> = found.into_iter().flatten().collect();
    let (Some(name), true) = (name, problems.is_empty()) else {
        return Err(PipelineErrors::new(&draft.definition.name, problems));
    };
    plan::choose_lanes(&stages, &mut edges);
    let said = to_definition(&draft);
    Ok(ComponentPipeline::new(super::PipelineParts {
        name,
        stages,
        edges,
        inputs,
        outputs,
        order,
        definition: said,
        builder: draft,
    }))
}

fn to_definition(draft: &PipelineBuilder) -> PipelineDefinition {
    let stage = |draft: &super::builder::StageDraft| {
        let stage = StageDefinition {
            component: draft.reference.clone(),
            options: draft.options.clone(),
        };
        (draft.name.clone(), stage)
    };
    PipelineDefinition {
        stages: draft.stages.iter().map(stage).collect(),
        ..draft.definition.clone()
    }
}
