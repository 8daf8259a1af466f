//! Ten million items through one run, and the memory of the process meanwhile.
//!
//! Two stages in separate deployments; each works on one item at a time and queues 8. Items are
//! created when polled, and outcomes are dropped.

use std::time::Instant;

use airssys_wasm_host::Host;
use airssys_wasm_host::pipeline::{ComponentPipeline, PipelineDeployment, StageOptions};
use airssys_wasm_tests::guests::guest;
use futures_util::{StreamExt as _, stream};

use crate::measure::{median, on_threads};
use crate::memory::resident_bytes;
use crate::report::{Goal, Row, Unit};

const GUEST: &str = "plain-stages";
const ITEMS: u32 = 10_000_000;
/// The number of items between two samples of the memory.
const EVERY: u32 = 10_000;

pub(crate) fn rows() -> Vec<Row> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut samples = on_threads(threads, async { sample_memory(&deploy().await).await });
    let tenth = samples.len() / 10;
    let last = samples.split_off(samples.len() - tenth);
    samples.truncate(tenth);
    vec![Row {
        name: "memory at the end of a run of 10,000,000 items".into(),
        guest: GUEST,
        peer: "the same run, its first tenth".into(),
        ours: median(&mut { last }),
        theirs: median(&mut samples),
        unit: Unit::Bytes,
        goal: Goal::RatioAtMost(1.02),
    }]
}

async fn deploy() -> PipelineDeployment {
    // A queue size other than the default keeps the stages from being fused.
    let apart = || StageOptions::new().function("double").queue_max(8);
    let pipeline = ComponentPipeline::builder()
        .add_component_with("first", guest(GUEST), apart())
        .add_component_with("second", guest(GUEST), apart())
        .connect("first.output", "second.input")
        .build()
        .expect("a pipeline");
    let host = Host::builder().build().expect("a host");
    let pipeline = host.pipelines().deploy(pipeline).await.expect("deployed");
    assert_eq!(
        pipeline.status().stages.len(),
        2,
        "the stages are not fused"
    );
    pipeline
}

/// Returns samples of the resident memory in chronological order.
async fn sample_memory(pipeline: &PipelineDeployment) -> Vec<f64> {
    let mut samples = Vec::with_capacity((ITEMS / EVERY) as usize);
    let mut outcomes = pipeline.run(stream::iter(0..ITEMS));
    let begun = Instant::now();
    let mut came = 0;
    while let Some(outcome) = outcomes.next().await {
        outcome.expect("an outcome").into_item().expect("one");
        came += 1;
        if came % EVERY == 0 {
            samples.push(resident_bytes());
        }
    }
    assert_eq!(came, ITEMS);
    eprintln!(
        "  {:.0} items a second",
        f64::from(ITEMS) / begun.elapsed().as_secs_f64()
    );
    samples
}
