//! An item through several stages, by each lane, beside the same calls written by hand.

use airssys_wasm_host::pipeline::{ComponentPipeline, Item, PipelineDeployment, StageOptions};
use airssys_wasm_host::{Component, Host};
use airssys_wasm_tests::guests::guest;
use wasmtime::component::{Func, Instance, TypedFunc, Val};
use wasmtime::{Engine, Store};

use crate::bare::{self, State};
use crate::measure::{in_turns, on_one_thread};
use crate::report::{Goal, Row, Unit};

const GUEST: &str = "plain-stages";
const STAGES: &str = "demo:stages/stages@1.0.0";
const TEXT: &str = "so it goes, and goes on!";

/// A stage in a store of its own, of which a value comes out as it goes in.
type ByHand<T> = (Store<State>, TypedFunc<(T,), (T,)>);

pub(crate) fn rows() -> Vec<Row> {
    on_one_thread(async {
        vec![
            row("a pipeline, typed lane, 4 stages of u32", "wasmtime, 4 stores, typed", numbers().await),
            row(
                "a pipeline, typed lane, 64 KiB through 2 stages",
                "wasmtime, 2 stores, typed",
                bytes().await,
            ),
            row(
                "a pipeline, dynamic lane, a record between 2 stages",
                "wasmtime, 2 stores, Val",
                records().await,
            ),
            row("a pipeline, fused, 4 stages of u32", "wasmtime, the fused component", fused().await),
        ]
    })
}

fn row(name: &'static str, peer: &'static str, (ours, theirs): (f64, f64)) -> Row {
    Row { name, guest: GUEST, peer, ours, theirs, unit: Unit::Nanoseconds, goal: Goal::RatioAtMost(1.2) }
}

/// Stages one after the other; apart, they are not fused.
async fn deployed(functions: &[&str], apart: bool) -> (Host, PipelineDeployment) {
    let options = |function: &str| {
        let options = StageOptions::new().function(function);
        if apart { options.concurrency(2) } else { options }
    };
    let name = |place: usize| format!("stage-{place}");
    let mut builder = ComponentPipeline::builder();
    for (place, function) in functions.iter().enumerate() {
        builder = builder.add_component_with(name(place), guest(GUEST), options(function));
        if place > 0 {
            builder =
                builder.connect(format!("{}.output", name(place - 1)), format!("{}.input", name(place)));
        }
    }
    let host = Host::builder().build().expect("a host");
    let pipeline = host.deploy_pipeline(builder.build().expect("a pipeline")).await.expect("deployed");
    (host, pipeline)
}

async fn through(pipeline: &PipelineDeployment, item: impl Into<Item>) -> Item {
    pipeline.call(item.into()).await.expect("an outcome").into_item().expect("one")
}

async fn numbers() -> (f64, f64) {
    let (_host, pipeline) = deployed(&["double"; 4], true).await;
    let engine = bare::same_engine();
    let mut stages: Vec<ByHand<u32>> = Vec::new();
    for _ in 0..4 {
        let (mut store, instance) = instance(&engine).await;
        let double = function(&mut store, &instance, "double").typed(&store).expect("it fits");
        stages.push((store, double));
    }
    in_turns(
        1_000,
        async || {
            through(&pipeline, 1u32).await;
        },
        async || {
            let mut number = 1;
            for (store, double) in &mut stages {
                (number,) = double.call_async(&mut *store, (number,)).await.expect("an answer");
            }
            assert_eq!(number, 16);
        },
    )
    .await
}

async fn bytes() -> (f64, f64) {
    let (_host, pipeline) = deployed(&["reverse"; 2], true).await;
    let engine = bare::same_engine();
    let mut stages: Vec<ByHand<Vec<u8>>> = Vec::new();
    for _ in 0..2 {
        let (mut store, instance) = instance(&engine).await;
        let reverse = function(&mut store, &instance, "reverse").typed(&store).expect("it fits");
        stages.push((store, reverse));
    }
    let data = vec![7u8; 64 << 10];
    in_turns(
        200,
        async || {
            through(&pipeline, data.clone()).await;
        },
        async || {
            let mut passed = data.clone();
            for (store, reverse) in &mut stages {
                (passed,) = reverse.call_async(&mut *store, (passed,)).await.expect("an answer");
            }
        },
    )
    .await
}

async fn records() -> (f64, f64) {
    let (_host, pipeline) = deployed(&["describe", "render"], true).await;
    let engine = bare::same_engine();
    let mut stages: Vec<(Store<State>, Func)> = Vec::new();
    for name in ["describe", "render"] {
        let (mut store, instance) = instance(&engine).await;
        let function = function(&mut store, &instance, name);
        stages.push((store, function));
    }
    in_turns(
        500,
        async || {
            through(&pipeline, TEXT).await;
        },
        async || {
            let mut passed = vec![Val::String(TEXT.into())];
            for (store, function) in &mut stages {
                let mut results = vec![Val::Bool(false)];
                function.call_async(&mut *store, &passed, &mut results).await.expect("an answer");
                passed = results;
            }
        },
    )
    .await
}

async fn fused() -> (f64, f64) {
    let (_host, pipeline) = deployed(&["double"; 4], false).await;
    assert_eq!(pipeline.status().stages.len(), 1, "they are fused");
    let component: Component = fused_by_core();
    let engine = bare::same_engine();
    let mut store = bare::store(&engine);
    let pre = bare::linked(&engine, component.bytes());
    let instance = pre.instantiate_async(&mut store).await.expect("instantiated");
    let run = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "run").expect("it fits");
    in_turns(
        1_000,
        async || {
            through(&pipeline, 1u32).await;
        },
        async || {
            let (number,) = run.call_async(&mut store, (1,)).await.expect("an answer");
            assert_eq!(number, 16);
        },
    )
    .await
}

fn fused_by_core() -> Component {
    let chain = (0..4).fold(airssys_wasm_core::compose::Chain::new("run"), |chain, _| {
        chain.stage(guest(GUEST).into(), "double".parse().expect("a name"))
    });
    Component::from_bytes(chain.fuse().expect("they fuse")).expect("a component")
}

async fn instance(engine: &Engine) -> (Store<State>, Instance) {
    let mut store = bare::store(engine);
    let pre = bare::linked(engine, guest(GUEST).bytes());
    let instance = pre.instantiate_async(&mut store).await.expect("instantiated");
    (store, instance)
}

fn function(store: &mut Store<State>, instance: &Instance, name: &str) -> Func {
    let stages = instance.get_export_index(&mut *store, None, STAGES).expect("exported");
    let index = instance.get_export_index(&mut *store, Some(&stages), name).expect("exported");
    instance.get_func(store, index).expect("it is there")
}
