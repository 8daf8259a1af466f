//! Runs rows of a table through `parse`, `enrich` and `format`, compared with the same functions in
//! plain Rust and with the same components called by hand, one row after another.
//!
//! The pipeline is that of `examples/etl` with default stages: each works on one item at a time and
//! queues 16. By hand the number of stores equals the number of deployments in the pipeline, with
//! the same lane between them. One line in a thousand is not an order. All three must return the
//! same result.

mod native;

use std::time::Instant;

use airssys_wasm_core::fuse::Chain;
use airssys_wasm_host::pipeline::{
    ComponentPipeline, DeadLetter, Item, Lane, OnError, PipelineDeployment, StageOptions,
};
use airssys_wasm_host::{Component, Host};
use airssys_wasm_tests::guests::guest;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use wasmtime::Store;
use wasmtime::component::{Func, Val};

use crate::bare::{self, BareState};
use crate::measure::on_threads;
use crate::report::{Goal, Row, Unit};

const ROWS: u32 = 20_000;
const ROUNDS: usize = 9;
const COUNTRIES: [&str; 5] = ["at", "de", "fr", "id", "nl"];

/// The result of a table: the lines written, and the number of lines that could not be read.
#[derive(Debug, Default, PartialEq)]
struct TableResult {
    written: Vec<String>,
    unread: usize,
}

/// A pipeline and the receiver of the lines that it could not read.
type DeployedPipeline = (PipelineDeployment, UnboundedReceiver<DeadLetter>);

/// `parse`, and `enrich` with `format` behind it.
type ManualStages = [(Store<BareState>, Func); 2];

pub(crate) fn rows() -> Vec<Row> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let [ours, by_hand, native] = on_threads(threads, rates());
    let row = |name: &'static str, peer: &'static str, theirs, goal| Row {
        name: name.into(),
        guest: "etl-*",
        peer: peer.into(),
        ours,
        theirs,
        unit: Unit::PerSecond,
        goal,
    };
    vec![
        row(
            "ETL, 3 stages, in a run (concurrency 1, queue 16)",
            "plain Rust, 1 thread",
            native,
            Goal::None,
        ),
        row(
            "ETL, 3 stages, in a run (concurrency 1, queue 16)",
            "wasmtime, 2 stores, Val, 1 thread",
            by_hand,
            Goal::None,
        ),
    ]
}

/// Returns the rows per second in the best round: ours, by hand, and in plain Rust.
async fn rates() -> [f64; 3] {
    let lines: Vec<String> = (1..=ROWS).map(line).collect();
    let mut deployed = deploy().await;
    let mut by_hand = instances().await;
    let mut rates = [0.0; 3];
    for _ in 0..ROUNDS {
        let (native, native_rate) = timed(async || native::table(&lines)).await;
        let (ours, our_rate) = timed(async || run(&mut deployed, &lines).await).await;
        let (theirs, their_rate) = timed(async || call(&mut by_hand, &lines).await).await;
        assert_eq!(ours, native);
        assert_eq!(theirs, native);
        let now = [our_rate, their_rate, native_rate];
        rates
            .iter_mut()
            .zip(now)
            .for_each(|(best, now)| *best = now.max(*best));
    }
    rates
}

async fn timed(work: impl AsyncFnOnce() -> TableResult) -> (TableResult, f64) {
    let begun = Instant::now();
    let table = work().await;
    (table, f64::from(ROWS) / begun.elapsed().as_secs_f64())
}

fn line(number: u32) -> String {
    let cents = u64::from(number) * 7_919 % 100_000 + 100;
    match number % 1_000 {
        0 => format!("{number},cheap"),
        _ => format!(
            "{number},{},{cents}",
            COUNTRIES[number as usize % COUNTRIES.len()]
        ),
    }
}

async fn deploy() -> DeployedPipeline {
    let aside = StageOptions::new().on_error(OnError::DeadLetter);
    let pipeline = ComponentPipeline::builder()
        .add_component_with("parse", guest("etl-parse"), aside)
        .add_component("enrich", guest("etl-enrich-v1"))
        .add_component("format", guest("etl-format"))
        .connect("parse.output", "enrich.input")
        .connect("enrich.output", "format.input")
        .build()
        .expect("a pipeline");
    let lanes: Vec<Lane> = pipeline.edges().iter().map(|edge| edge.lane()).collect();
    assert_eq!(
        lanes,
        [Lane::Dynamic, Lane::Fused],
        "the same lanes as by hand"
    );
    let (sender, letters) = unbounded_channel();
    let host = Host::builder().build().expect("a host");
    let deployed = host
        .pipelines()
        .deploy(pipeline)
        .dead_letters(sender)
        .await
        .expect("deployed");
    (deployed, letters)
}

async fn run((pipeline, letters): &mut DeployedPipeline, lines: &[String]) -> TableResult {
    let mut table = TableResult::default();
    let mut outcomes = pipeline.run(stream::iter(lines.to_vec()));
    while let Some(outcome) = outcomes.next().await {
        let item = outcome.expect("an outcome").into_item();
        table.written.extend(item.and_then(Item::into_text));
    }
    while letters.try_recv().is_ok() {
        table.unread += 1;
    }
    table
}

/// Instantiates the components by hand.
async fn instances() -> ManualStages {
    let chain = [
        ("etl-enrich-v1", "demo:enrich/api#enrich"),
        ("etl-format", "demo:orders/write#format"),
    ]
    .into_iter()
    .fold(Chain::new("run"), |chain, (component, function)| {
        chain.stage(guest(component).into(), function.parse().expect("a name"))
    });
    let rest = Component::from_bytes(chain.fuse().expect("they fuse")).expect("a component");
    let engine = bare::engine_like_host();
    let instance = async |component: Component, function: &str| {
        let pre = bare::link(&engine, component.bytes());
        let mut store = bare::store(&engine);
        let instance = pre
            .instantiate_async(&mut store)
            .await
            .expect("instantiated");
        let function = bare::function(&mut store, &instance, function);
        (store, function)
    };
    [
        instance(guest("etl-parse"), "demo:orders/read#parse").await,
        instance(rest, "run").await,
    ]
}

async fn call([parse, rest]: &mut ManualStages, lines: &[String]) -> TableResult {
    let mut table = TableResult::default();
    for line in lines {
        match call_one(parse, Val::String(line.clone())).await {
            Val::Result(Ok(Some(order))) => match call_one(rest, *order).await {
                Val::String(text) => table.written.push(text),
                other => panic!("{other:?}"),
            },
            _ => table.unread += 1,
        }
    }
    table
}

async fn call_one((store, function): &mut (Store<BareState>, Func), param: Val) -> Val {
    let mut results = [Val::Bool(false)];
    function
        .call_async(&mut *store, &[param], &mut results)
        .await
        .expect("an answer");
    let [result] = results;
    result
}
