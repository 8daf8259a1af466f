//! Pipelines of components that are unaware of them.

mod errors;
mod export;
mod lanes;
mod losses;
mod refused;
mod runs;
mod shapes;
mod streams;
mod typed;
mod updates;

use airssys_wasm_host::pipeline::{
    ComponentPipeline, Outcome, PipelineBuilder, PipelineDeployment, StageOptions,
};
use airssys_wasm_host::{Component, Host, Value};

use crate::support::{guest, wat};

/// Returns the guest that has a function for every stage; select one with `function`.
fn stages() -> Component {
    guest("plain-stages")
}

fn options_for(function: &str) -> StageOptions {
    StageOptions::new().function(function)
}

fn builder() -> PipelineBuilder {
    ComponentPipeline::builder().name("test")
}

/// Returns a builder of a chain of stages, each a function of the guest.
fn chain(functions: &[&str]) -> PipelineBuilder {
    let stages = functions.iter().fold(builder(), |builder, function| {
        builder.add_component_with(*function, stages(), options_for(function))
    });
    functions.windows(2).fold(stages, |builder, pair| {
        builder.connect(format!("{}.output", pair[0]), format!("{}.input", pair[1]))
    })
}

async fn deploy(host: &Host, builder: PipelineBuilder) -> PipelineDeployment {
    host.pipelines()
        .deploy(builder.build().expect("a pipeline"))
        .await
        .expect("deployed")
}

/// Returns a source that emits 1, 2, 3 and so on up to `most`.
fn counter(most: u32) -> Component {
    wat(
        "counter",
        &format!(
            r#"(component
                (core module $m
                    (memory (export "memory") 1)
                    (global $n (mut i32) (i32.const 0))
                    (func (export "next") (result i32)
                        (i32.store8 (i32.const 16) (i32.lt_u (global.get $n) (i32.const {most})))
                        (global.set $n (i32.add (global.get $n) (i32.const 1)))
                        (i32.store (i32.const 20) (global.get $n))
                        (i32.const 16)))
                (core instance $i (instantiate $m))
                (func (export "next") (result (option u32))
                    (canon lift (core func $i "next") (memory $i "memory"))))"#
        ),
    )
}

/// Returns a stage that multiplies a number.
pub(crate) fn multiplier(factor: u32, version: &str) -> Component {
    let text = format!(
        r#"(component
            (core module $m (func (export "step") (param i32) (result i32)
                (i32.mul (local.get 0) (i32.const {factor}))))
            (core instance $i (instantiate $m))
            (func (export "step") (param "n" u32) (result u32) (canon lift (core func $i "step"))))"#
    );
    wat("times", &text).with_version(version.parse().expect("a version"))
}

/// Returns a chain of two stages. Options of their own keep them from being fused.
pub(crate) fn two_stages(options: StageOptions) -> PipelineBuilder {
    builder()
        .add_component_with("first", multiplier(2, "1.0.0"), options.clone())
        .add_component_with("second", multiplier(3, "1.0.0"), options)
        .connect("first.output", "second.input")
}

pub(crate) fn number(outcome: Outcome) -> u32 {
    match outcome
        .into_item()
        .expect("one")
        .into_value()
        .expect("a value")
    {
        Value::U32(number) => number,
        other => panic!("{other:?}"),
    }
}
