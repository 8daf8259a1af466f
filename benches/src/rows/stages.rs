//! Chains of stages, as a pipeline and by hand.

use airssys_wasm_host::Host;
use airssys_wasm_host::pipeline::{
    ComponentPipeline, Item, Lane, PipelineDeployment, StageOptions,
};
use airssys_wasm_tests::guests::guest;
use wasmtime::component::{ComponentNamedList, Func, InstancePre, Lift, Lower, TypedFunc};
use wasmtime::{Engine, Store};

use crate::bare::{self, BareState};

/// A stage in its own store, whose result has the type of its input.
pub(super) type TypedStage<T> = (Store<BareState>, TypedFunc<(T,), (T,)>);

/// Deploys a pipeline with a stage for each function of a guest. Panics if an edge does not have
/// the lane.
pub(super) async fn deploy(name: &str, functions: &[&str], lane: Lane) -> PipelineDeployment {
    let options = |function: &str| {
        let options = StageOptions::new().function(function);
        // Stages with concurrency are not fused.
        if lane == Lane::Fused {
            options
        } else {
            options.concurrency(2)
        }
    };
    let stage = |place: usize| format!("stage-{place}");
    let mut builder = ComponentPipeline::builder();
    for (place, function) in functions.iter().enumerate() {
        builder = builder.add_component_with(stage(place), guest(name), options(function));
        if place > 0 {
            builder = builder.connect(
                format!("{}.output", stage(place - 1)),
                format!("{}.input", stage(place)),
            );
        }
    }
    let host = Host::builder().build().expect("a host");
    let pipeline = host
        .pipelines()
        .deploy(builder.build().expect("a pipeline"))
        .await
        .expect("deployed");
    let explained = pipeline.pipeline().explain();
    assert!(
        pipeline
            .pipeline()
            .edges()
            .iter()
            .all(|edge| edge.lane() == lane),
        "{explained}"
    );
    pipeline
}

/// Sends an item through a pipeline and returns the result.
pub(super) async fn send(pipeline: &PipelineDeployment, item: impl Into<Item>) -> Item {
    pipeline
        .call(item.into())
        .await
        .expect("an outcome")
        .into_item()
        .expect("one")
}

/// Instantiates a store for each function of a guest.
pub(super) async fn stores(
    engine: &Engine,
    name: &str,
    functions: &[&str],
) -> Vec<(Store<BareState>, Func)> {
    let pre = bare::link(engine, guest(name).bytes());
    let mut stores = Vec::new();
    for function in functions {
        stores.push(instantiate(engine, &pre, function).await);
    }
    stores
}

async fn instantiate(
    engine: &Engine,
    pre: &InstancePre<BareState>,
    function: &str,
) -> (Store<BareState>, Func) {
    let mut store = bare::store(engine);
    let instance = pre
        .instantiate_async(&mut store)
        .await
        .expect("instantiated");
    let function = bare::function(&mut store, &instance, function);
    (store, function)
}

/// Instantiates the component that a pipeline of fused stages consists of.
pub(super) async fn instantiate_fused(
    engine: &Engine,
    pipeline: &PipelineDeployment,
) -> (Store<BareState>, Func) {
    assert_eq!(pipeline.status().stages.len(), 1, "the stages are fused");
    let bytes = pipeline
        .pipeline()
        .export_component("run")
        .expect("a component");
    instantiate(engine, &bare::link(engine, &bytes), "run").await
}

/// Converts the functions to typed ones.
pub(super) fn into_typed<T>(stores: Vec<(Store<BareState>, Func)>) -> Vec<TypedStage<T>>
where
    (T,): ComponentNamedList + Lift + Lower + Send + Sync + 'static,
{
    let typed = |(store, function): (Store<BareState>, Func)| {
        let function = function.typed(&store).expect("it fits");
        (store, function)
    };
    stores.into_iter().map(typed).collect()
}
