//! The cost of one more stage by each lane: the time by which a pipeline of many stages exceeds one
//! of few, divided by the difference of stages; and the same written by hand.
//!
//! By hand there is one store per stage, or one store where stages are fused, each created and
//! called before; every call of a store gets an epoch deadline. Only the rows named so have edges
//! in the dynamic lane, which `stages` asserts: 64 KiB of bytes never do.

use airssys_wasm_host::Value;
use airssys_wasm_host::pipeline::{Item, Lane, PipelineDeployment};
use wasmtime::Store;
use wasmtime::component::{ComponentNamedList, Func, Lift, Lower, Val};

use super::stages::{TypedStage, deploy, instantiate_fused, into_typed, send, stores};
use crate::bare::{self, BareState};
use crate::measure::{excess, on_one_thread};
use crate::report::Row;

const STAGES: &str = "plain-stages";
const DOUBLE: &str = "demo:stages/stages@1.0.0#double";
const VALUES: &str = "plain-bindgen";
const SWAP_NAMES: &str = "demo:values/values#swap-names";
const ECHO_BYTES: &str = "echo-bytes";
const NAMES: [(&str, &str); 2] = [("given", "Ada"), ("family", "Lovelace")];

/// The number of stages of the shorter and of the longer pipeline.
const SEPARATE_STAGES: [usize; 2] = [1, 9];
/// The numbers of stages where they are fused, and a hop takes a few nanoseconds. The shorter
/// pipeline must also evict the data used before its stages from the L1 cache: otherwise only the
/// longer one would pay for that, some 90 ns per call, which would be attributed to its additional
/// stages.
const FUSED_STAGES: [usize; 2] = [16, 48];
/// A deadline in ticks that no call reaches.
const DEADLINE: u64 = 1_000;

pub(crate) fn rows() -> Vec<Row> {
    const ONE_STORE: &str = "wasmtime, one more stage in the fused component";
    const TYPED: &str = "wasmtime, one more store, typed";
    const DYNAMIC: &str = "wasmtime, one more store, Val";
    on_one_thread(async {
        vec![
            row(
                "a hop, fused, u32",
                STAGES,
                ONE_STORE,
                fused_numbers().await,
            ),
            row(
                "a hop, fused, a record of two strings",
                VALUES,
                ONE_STORE,
                fused_records().await,
            ),
            row("a hop, typed, u32", STAGES, TYPED, numbers().await),
            row("a hop, typed, 64 KiB", VALUES, TYPED, bytes().await),
            row(
                "a hop, dynamic, a record of two strings",
                VALUES,
                DYNAMIC,
                records().await,
            ),
        ]
    })
}

fn row(name: &'static str, guest: &'static str, peer: &'static str, times: (f64, f64)) -> Row {
    Row::from_times(name, guest, peer, times, 1.2)
}

/// A chain of stages through which an item is sent.
trait StageChain {
    async fn send(&mut self);
}

/// A pipeline and the item to send.
struct PipelineChain(PipelineDeployment, Item);

/// Stages by hand, for a type known ahead of time, and the value to send.
struct TypedChain<T>(Vec<TypedStage<T>>, T);

/// Stages by hand, for any type, and the value to send.
struct DynamicChain(Vec<(Store<BareState>, Func)>, Val);

async fn fused_numbers() -> (f64, f64) {
    let engine = bare::engine_like_host();
    let [few, many] = pipelines(STAGES, DOUBLE, FUSED_STAGES, Lane::Fused).await;
    let one_store = async |pipeline| {
        TypedChain(
            into_typed(vec![instantiate_fused(&engine, pipeline).await]),
            1u32,
        )
    };
    let by_hand = [one_store(&few).await, one_store(&many).await];
    hop(
        200,
        FUSED_STAGES,
        [few, many].map(|line| PipelineChain(line, 1u32.into())),
        by_hand,
    )
    .await
}

async fn fused_records() -> (f64, f64) {
    let engine = bare::engine_like_host();
    let [few, many] = pipelines(VALUES, SWAP_NAMES, FUSED_STAGES, Lane::Fused).await;
    let one_store = async |pipeline| {
        DynamicChain(
            vec![instantiate_fused(&engine, pipeline).await],
            person_val(),
        )
    };
    let by_hand = [one_store(&few).await, one_store(&many).await];
    hop(
        100,
        FUSED_STAGES,
        [few, many].map(|line| PipelineChain(line, person().into())),
        by_hand,
    )
    .await
}

async fn numbers() -> (f64, f64) {
    let lines = pipelines(STAGES, DOUBLE, SEPARATE_STAGES, Lane::Typed).await;
    let by_hand = manual_chains(STAGES, DOUBLE)
        .await
        .map(|stores| TypedChain(into_typed(stores), 1u32));
    hop(
        200,
        SEPARATE_STAGES,
        lines.map(|line| PipelineChain(line, 1u32.into())),
        by_hand,
    )
    .await
}

async fn bytes() -> (f64, f64) {
    let data = vec![7u8; 64 << 10];
    let lines = pipelines(VALUES, ECHO_BYTES, SEPARATE_STAGES, Lane::Typed).await;
    let by_hand = manual_chains(VALUES, ECHO_BYTES)
        .await
        .map(|stores| TypedChain(into_typed(stores), data.clone()));
    hop(
        20,
        SEPARATE_STAGES,
        lines.map(|line| PipelineChain(line, data.clone().into())),
        by_hand,
    )
    .await
}

async fn records() -> (f64, f64) {
    let lines = pipelines(VALUES, SWAP_NAMES, SEPARATE_STAGES, Lane::Dynamic).await;
    let by_hand = manual_chains(VALUES, SWAP_NAMES)
        .await
        .map(|stores| DynamicChain(stores, person_val()));
    hop(
        100,
        SEPARATE_STAGES,
        lines.map(|line| PipelineChain(line, person().into())),
        by_hand,
    )
    .await
}

/// Deploys pipelines with these numbers of stages, all with the same function.
async fn pipelines(
    name: &str,
    function: &str,
    stages: [usize; 2],
    lane: Lane,
) -> [PipelineDeployment; 2] {
    let [few, many] = stages.map(|stages| vec![function; stages]);
    [
        deploy(name, &few, lane).await,
        deploy(name, &many, lane).await,
    ]
}

/// Instantiates the same chains by hand, with one store per stage.
async fn manual_chains(name: &str, function: &str) -> [Vec<(Store<BareState>, Func)>; 2] {
    let engine = bare::engine_like_host();
    let [few, many] = SEPARATE_STAGES.map(|stages| vec![function; stages]);
    [
        stores(&engine, name, &few).await,
        stores(&engine, name, &many).await,
    ]
}

async fn hop(
    calls: u32,
    stages: [usize; 2],
    [mut our_few, mut our_many]: [impl StageChain; 2],
    [mut their_few, mut their_many]: [impl StageChain; 2],
) -> (f64, f64) {
    let ours = (
        async || our_few.send().await,
        async || our_many.send().await,
    );
    let theirs = (
        async || their_few.send().await,
        async || their_many.send().await,
    );
    let (ours, theirs) = excess(calls, ours, theirs).await;
    let more = (stages[1] - stages[0]) as f64;
    (ours / more, theirs / more)
}

fn person() -> Value {
    Value::Record(
        NAMES
            .map(|(field, name)| (field.into(), name.into()))
            .into(),
    )
}

fn person_val() -> Val {
    Val::Record(
        NAMES
            .map(|(field, name)| (field.into(), Val::String(name.into())))
            .into(),
    )
}

impl StageChain for PipelineChain {
    async fn send(&mut self) {
        send(&self.0, self.1.clone()).await;
    }
}

impl<T: Clone> StageChain for TypedChain<T>
where
    (T,): ComponentNamedList + Lift + Lower + Send + Sync + 'static,
{
    async fn send(&mut self) {
        let mut passed = self.1.clone();
        for (store, function) in &mut self.0 {
            store.set_epoch_deadline(DEADLINE);
            (passed,) = function
                .call_async(&mut *store, (passed,))
                .await
                .expect("an answer");
        }
    }
}

impl StageChain for DynamicChain {
    async fn send(&mut self) {
        let mut passed = vec![self.1.clone()];
        for (store, function) in &mut self.0 {
            store.set_epoch_deadline(DEADLINE);
            let mut results = vec![Val::Bool(false)];
            function
                .call_async(&mut *store, &passed, &mut results)
                .await
                .expect("an answer");
            passed = results;
        }
    }
}
