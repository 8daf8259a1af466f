//! An item through several stages by each lane, compared with the same calls written by hand: whole
//! calls, including the cost of entering and leaving a pipeline. `hop` measures the stages alone.

use airssys_wasm_host::pipeline::Lane;
use wasmtime::component::Val;

use super::stages::{
    TypedStage, deploy, instantiate_fused as fused_by_hand, into_typed, send, stores,
};
use crate::bare;
use crate::measure::{alternate, on_one_thread};
use crate::report::Row;

const GUEST: &str = "plain-stages";
const DOUBLE: &str = "demo:stages/stages@1.0.0#double";
const REVERSE: &str = "demo:stages/stages@1.0.0#reverse";
const DESCRIBE: &str = "demo:stages/stages@1.0.0#describe";
const RENDER: &str = "demo:stages/stages@1.0.0#render";
const TEXT: &str = "so it goes, and it ends!";

pub(crate) fn rows() -> Vec<Row> {
    on_one_thread(async {
        vec![
            row(
                "a pipeline, whole call, typed, 4 stages of u32",
                "wasmtime, 4 stores, typed",
                numbers().await,
            ),
            row(
                "a pipeline, whole call, typed, 64 KiB, 2 stages",
                "wasmtime, 2 stores, typed",
                bytes().await,
            ),
            row(
                "a pipeline, whole call, dynamic, a record, 2 stages",
                "wasmtime, 2 stores, Val",
                records().await,
            ),
            row(
                "a pipeline, whole call, fused, 4 stages of u32",
                "wasmtime, the fused component",
                fused().await,
            ),
        ]
    })
}

fn row(name: &'static str, peer: &'static str, times: (f64, f64)) -> Row {
    Row::from_times(name, GUEST, peer, times, 1.2)
}

async fn numbers() -> (f64, f64) {
    let functions = [DOUBLE; 4];
    let pipeline = deploy(GUEST, &functions, Lane::Typed).await;
    let mut stages: Vec<TypedStage<u32>> =
        into_typed(stores(&bare::engine_like_host(), GUEST, &functions).await);
    alternate(
        1_000,
        async || {
            send(&pipeline, 1u32).await;
        },
        async || {
            let mut number = 1;
            for (store, double) in &mut stages {
                (number,) = double
                    .call_async(&mut *store, (number,))
                    .await
                    .expect("an answer");
            }
            assert_eq!(number, 16);
        },
    )
    .await
}

async fn bytes() -> (f64, f64) {
    let functions = [REVERSE; 2];
    let pipeline = deploy(GUEST, &functions, Lane::Typed).await;
    let mut stages: Vec<TypedStage<Vec<u8>>> =
        into_typed(stores(&bare::engine_like_host(), GUEST, &functions).await);
    let data = vec![7u8; 64 << 10];
    alternate(
        200,
        async || {
            send(&pipeline, data.clone()).await;
        },
        async || {
            let mut passed = data.clone();
            for (store, reverse) in &mut stages {
                (passed,) = reverse
                    .call_async(&mut *store, (passed,))
                    .await
                    .expect("an answer");
            }
        },
    )
    .await
}

async fn records() -> (f64, f64) {
    let functions = [DESCRIBE, RENDER];
    let pipeline = deploy(GUEST, &functions, Lane::Dynamic).await;
    let mut stages = stores(&bare::engine_like_host(), GUEST, &functions).await;
    alternate(
        500,
        async || {
            send(&pipeline, TEXT).await;
        },
        async || {
            let mut passed = vec![Val::String(TEXT.into())];
            for (store, function) in &mut stages {
                let mut results = vec![Val::Bool(false)];
                function
                    .call_async(&mut *store, &passed, &mut results)
                    .await
                    .expect("an answer");
                passed = results;
            }
        },
    )
    .await
}

async fn fused() -> (f64, f64) {
    let pipeline = deploy(GUEST, &[DOUBLE; 4], Lane::Fused).await;
    let (mut store, run) = fused_by_hand(&bare::engine_like_host(), &pipeline).await;
    let run = run.typed::<(u32,), (u32,)>(&store).expect("it fits");
    alternate(
        1_000,
        async || {
            send(&pipeline, 1u32).await;
        },
        async || {
            let (number,) = run.call_async(&mut store, (1,)).await.expect("an answer");
            assert_eq!(number, 16);
        },
    )
    .await
}
