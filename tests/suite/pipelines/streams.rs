//! Streams through stages: elements, backpressure, ends, errors, and lists in their place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use airssys_wasm_host::pipeline::{
    Item, ItemStream, OnError, Outcome, PipelineBuilder, PipelineDeployment, StageOptions,
    StreamElement,
};
use airssys_wasm_host::{ErrorKind, Result, Value};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::{builder, deploy, options_for};
use crate::support::{guest, host};

fn streams(functions: &[&str]) -> PipelineBuilder {
    let stages = functions.iter().fold(builder(), |builder, function| {
        builder.add_component_with(*function, guest("plain-streams"), options_for(function))
    });
    functions.windows(2).fold(stages, |builder, pair| {
        builder.connect(format!("{}.output", pair[0]), format!("{}.input", pair[1]))
    })
}

/// Returns `count` different chunks of `size` bytes.
fn bytes(count: usize, size: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|n| (0..size).map(|m| b'a' + ((n + m) % 26) as u8).collect())
        .collect()
}

fn value(outcome: Outcome) -> Value {
    outcome
        .into_item()
        .expect("one item")
        .into_value()
        .expect("a value")
}

async fn open_stream<T: StreamElement>(
    pipeline: &PipelineDeployment,
    input: impl Into<Item>,
) -> ItemStream<T> {
    let outcome = pipeline.call(input.into()).await.expect("an outcome");
    outcome
        .into_item()
        .expect("one item")
        .into_stream()
        .expect("a stream")
}

async fn collect_stream<T: StreamElement>(stream: ItemStream<T>) -> Result<Vec<T>> {
    stream
        .try_fold(Vec::new(), async |mut all, chunk| {
            all.extend(chunk);
            Ok(all)
        })
        .await
}

/// Returns a stream of chunks and a counter of the chunks taken. The stream shares ownership of the
/// counter, which shows when it is dropped.
fn counted_stream(chunks: Vec<Vec<u8>>) -> (impl Stream<Item = Vec<u8>> + Send, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let chunks = stream::iter(chunks).inspect(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    (chunks, taken)
}

async fn wait_until_dropped<T>(taken: &Arc<T>) {
    while Arc::strong_count(taken) > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn elements_of_every_kind_pass_from_stage_to_stage() {
    let host = host();
    let pipeline = deploy(&host, streams(&["upper", "lines", "measure", "sum"])).await;
    let text = "Straße\n\nfive\nand the rest";
    for size in [1, 7, 1000] {
        let chunks: Vec<Vec<u8>> = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let sum = pipeline
            .call(Item::from_stream(stream::iter(chunks)))
            .await
            .expect("an outcome");
        let lengths = text.lines().map(|line| line.len() as u64);
        assert_eq!(value(sum), Value::U64(lengths.sum()), "in chunks of {size}");
    }
    let empty = pipeline
        .call(Item::from_stream(stream::iter(Vec::<Vec<u8>>::new())))
        .await;
    assert_eq!(value(empty.expect("an outcome")), Value::U64(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn megabytes_pass_without_being_buffered() {
    let host = host();
    let pipeline = deploy(&host, streams(&["upper"])).await;
    let chunks = bytes(64, 64 << 10);
    let expected: Vec<u8> = chunks.concat().to_ascii_uppercase();
    let upper =
        collect_stream(open_stream::<u8>(&pipeline, Item::from_stream(stream::iter(chunks))).await)
            .await;
    assert!(upper.expect("all items") == expected);
}

/// A reader that stops stops the whole pipeline back to the input.
#[tokio::test(flavor = "multi_thread")]
async fn no_input_is_taken_without_a_reader() {
    let host = host();
    let mut longer = streams(&["upper"]);
    for n in 2..=3 {
        longer = longer
            .add_component_with(
                format!("again-{n}"),
                guest("plain-streams"),
                options_for("upper"),
            )
            .connect(
                if n == 2 {
                    "upper.output".into()
                } else {
                    format!("again-{}.output", n - 1)
                },
                format!("again-{n}.input"),
            );
    }
    let pipeline = deploy(&host, longer).await;
    let (chunks, taken) = counted_stream(bytes(1_000, 4096));
    let mut read = open_stream::<u8>(&pipeline, Item::from_stream(chunks)).await;
    read.next().await.expect("a chunk").expect("no error");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let inside = taken.load(Ordering::SeqCst);
    assert!(
        inside <= 16,
        "{inside} chunks were taken, but only one was read"
    );
    assert_eq!(
        collect_stream(read).await.expect("the rest").len(),
        999 * 4096
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_an_output_ends_the_calls_and_drops_the_input() {
    let host = host();
    let pipeline = deploy(&host, streams(&["upper"])).await;
    let (chunks, taken) = counted_stream(bytes(1_000, 4096));
    let mut read = open_stream::<u8>(&pipeline, Item::from_stream(chunks)).await;
    read.next().await.expect("a chunk").expect("no error");
    drop(read);
    wait_until_dropped(&taken).await;
    assert!(taken.load(Ordering::SeqCst) < 100);
    let again = open_stream::<u8>(&pipeline, Item::from_stream(stream::iter(bytes(1, 3)))).await;
    assert_eq!(collect_stream(again).await.expect("all items"), b"ABC");
}

/// A call that waits for an input that never comes ends as well.
#[tokio::test(flavor = "multi_thread")]
async fn dropping_an_output_does_not_wait_for_the_input() {
    let host = host();
    let pipeline = deploy(&host, streams(&["upper"])).await;
    let lasts = Arc::new(());
    let kept = Arc::clone(&lasts);
    let nothing = stream::poll_fn(move |_| {
        if Arc::strong_count(&kept) > 0 {
            Poll::Pending
        } else {
            Poll::Ready(None)
        }
    });
    let never_ends = stream::iter(bytes(1, 10)).chain(nothing);
    let mut read = open_stream::<u8>(&pipeline, Item::from_stream(never_ends)).await;
    read.next().await.expect("a chunk").expect("no error");
    drop(read);
    tokio::time::timeout(Duration::from_secs(5), wait_until_dropped(&lasts))
        .await
        .expect("long before its deadline");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_stops_reading_ends_the_stages_before_it() {
    let host = host();
    let pipeline = deploy(&host, streams(&["upper", "lines", "measure", "first"])).await;
    let lines = vec![b"abcde\n".to_vec(); 100_000];
    let (chunks, taken) = counted_stream(lines);
    let first = pipeline
        .call(Item::from_stream(chunks))
        .await
        .expect("an outcome");
    assert_eq!(value(first), Value::U32(5));
    wait_until_dropped(&taken).await;
    assert!(taken.load(Ordering::SeqCst) < 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_keeps_a_stream_loses_it_when_its_call_ends() {
    let host = host();
    let pipeline = deploy(&host, streams(&["upper", "keep"])).await;
    let lasts = Arc::new(());
    for _ in 0..3 {
        let kept = Arc::clone(&lasts);
        let chunks = stream::iter(bytes(1_000, 4096)).inspect(move |_| {
            let _ = &kept;
        });
        let outcome = pipeline
            .call(Item::from_stream(chunks))
            .await
            .expect("an outcome");
        assert_eq!(value(outcome), Value::U32(7));
    }
    tokio::time::timeout(Duration::from_secs(5), wait_until_dropped(&lasts))
        .await
        .expect("long before its deadline");
}

/// An input that panics does not end its stream normally.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_a_failed_call_ends_with_an_error() {
    let host = host();
    let panics = || {
        stream::iter(0..5).map(|n| {
            if n < 3 {
                vec![b'a'; 10]
            } else {
                panic!("on purpose")
            }
        })
    };
    let pipeline = deploy(&host, streams(&["upper"])).await;
    let read =
        collect_stream(open_stream::<u8>(&pipeline, Item::from_stream(panics())).await).await;
    assert_eq!(
        read.expect_err("it was lost").kind(),
        ErrorKind::HostFunctionFailed
    );
    pipeline.remove().await.expect("removed");
    let pipeline = deploy(&host, streams(&["upper", "lines", "measure", "sum"])).await;
    let error = pipeline
        .call(Item::from_stream(panics()))
        .await
        .expect_err("no sum of a part");
    assert_eq!(error.kind(), ErrorKind::HostFunctionFailed, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_error_is_returned_to_its_reader() {
    let host = host();
    let chunks = || {
        stream::iter([
            Ok(vec![b'a'; 10]),
            Err(std::io::Error::other("the disk is gone")),
        ])
    };
    let pipeline = deploy(&host, streams(&["upper", "lines", "measure", "sum"])).await;
    let error = pipeline
        .call(Item::try_from_stream(chunks()))
        .await
        .expect_err("no sum of a part");
    assert_eq!(error.kind(), ErrorKind::InputFailed, "{error}");
    assert!(error.to_string().contains("the disk is gone"), "{error}");
}

/// Bytes written before an error arrive first, and then the error, wherever it occurs.
#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_returned_to_the_reader() {
    let host = host();
    let pipeline = deploy(&host, streams(&["break-after"])).await;
    let mut read =
        open_stream::<u8>(&pipeline, Item::from_stream(stream::iter(bytes(5, 4096)))).await;
    for _ in 0..2 {
        assert_eq!(
            read.next().await.expect("a chunk").expect("no error").len(),
            4096
        );
    }
    let error = read
        .next()
        .await
        .expect("a last element")
        .expect_err("it aborted");
    assert_eq!(error.kind(), ErrorKind::Trapped, "{error}");
    assert!(read.next().await.is_none());
    pipeline.remove().await.expect("removed");

    let pipeline = deploy(&host, streams(&["break-after", "lines", "measure", "sum"])).await;
    let error = pipeline
        .call(Item::from_stream(stream::iter(bytes(5, 4096))))
        .await
        .expect_err("no sum");
    assert_eq!(error.kind(), ErrorKind::Trapped, "{error}");
    assert!(
        error.to_string().contains("break-after"),
        "it names the stage that failed: {error}"
    );
    let whole = pipeline
        .call(Item::from_stream(stream::iter(bytes(2, 100))))
        .await
        .expect("an outcome");
    assert_eq!(value(whole), Value::U64(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_may_give_a_stream_or_an_error() {
    let host = host();
    let pipeline = builder()
        .add_component_with(
            "some",
            guest("plain-streams"),
            options_for("some-numbers").on_error(OnError::Skip),
        )
        .add_component_with("sum", guest("plain-streams"), options_for("sum"))
        .connect("some.output", "sum.input");
    let pipeline = deploy(&host, pipeline).await;
    assert_eq!(
        value(pipeline.call(10_000u32).await.expect("an outcome")),
        Value::U64(49_995_000)
    );
    assert_eq!(
        pipeline.call(0u32).await.expect("an outcome").into_item(),
        None
    );
    assert_eq!(pipeline.status().stages[0].skipped, 1);
}

/// The deadline of a stage lasts to the end of its stream.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_never_ends_ends_at_the_stages_deadline() {
    let host = host();
    let options = options_for("upper").deadline(Duration::from_millis(100));
    let pipeline = builder().add_component_with("upper", guest("plain-streams"), options);
    let pipeline = deploy(&host, pipeline).await;
    let mut read =
        open_stream::<u8>(&pipeline, Item::from_stream(stream::pending::<Vec<u8>>())).await;
    let error = read
        .next()
        .await
        .expect("a last element")
        .expect_err("it took too long");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_as_a_stream_and_chunks_of_a_stream_as_lists() {
    let host = host();
    let inverse = |chunks: u32| options_for("invert").per_chunk(chunks);
    let pipeline = builder()
        .add_component_with("reverse", guest("transform-bytes"), options_for("reverse"))
        .add_component_with("upper", guest("plain-streams"), options_for("upper"))
        .add_component_with("invert", guest("transform-bytes"), inverse(1000))
        .connect("reverse.output", "upper.input")
        .connect("upper.output", "invert.input");
    let pipeline = deploy(&host, pipeline).await;
    let input = bytes(1, 10_500).concat();
    let chunks: Vec<Vec<u8>> = open_stream::<u8>(&pipeline, input.clone())
        .await
        .try_collect()
        .await
        .expect("all chunks");
    let sizes: Vec<usize> = chunks.iter().map(Vec::len).collect();
    assert_eq!(
        sizes,
        [[1000; 10].as_slice(), &[500]].concat(),
        "called for each thousand and the rest"
    );
    let mut expected = input.to_ascii_uppercase();
    expected.reverse();
    expected.iter_mut().for_each(|byte| *byte = !*byte);
    assert!(chunks.concat() == expected);
}

/// Some streams must not be polled again after their end.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_not_polled_after_its_end_to_form_chunks() {
    let host = host();
    let invert = options_for("invert").per_chunk(4);
    let pipeline = deploy(
        &host,
        builder().add_component_with("invert", guest("transform-bytes"), invert),
    )
    .await;
    let strict = stream::unfold(0u8, async |n| (n < 10).then(|| (vec![n], n + 1)));
    let read = collect_stream(open_stream::<u8>(&pipeline, Item::from_stream(strict)).await)
        .await
        .expect("all items");
    assert_eq!(read, (0..10).map(|n: u8| !n).collect::<Vec<u8>>());
}

/// During an update a stream continues to its end on the old revision.
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_replaced_while_a_stream_flows_through_it() {
    let host = host();
    let pipeline = deploy(&host, streams(&["upper"])).await;
    let (chunks, _) = counted_stream(bytes(200, 4096));
    let mut read = open_stream::<u8>(&pipeline, Item::from_stream(chunks)).await;
    let first = read.next().await.expect("a chunk").expect("no error").len();
    let update = {
        let pipeline = pipeline.clone();
        tokio::spawn(async move { pipeline.update("upper", guest("plain-streams")).await })
    };
    while pipeline.status().stages[0].revision < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let beside = open_stream::<u8>(&pipeline, Item::from_stream(stream::iter(bytes(1, 10))));
    assert_eq!(
        first + collect_stream(read).await.expect("the rest").len(),
        200 * 4096
    );
    assert_eq!(
        collect_stream(beside.await).await.expect("all items").len(),
        10
    );
    update.await.expect("no panic").expect("updated");
}

/// The concurrency of a stage limits the streams that flow through it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_occupies_its_stage_to_its_end() {
    let host = host();
    let pipeline = deploy(&host, streams(&["upper"])).await;
    let first =
        open_stream::<u8>(&pipeline, Item::from_stream(stream::iter(bytes(100, 4096)))).await;
    let second = {
        let pipeline = pipeline.clone();
        tokio::spawn(async move {
            open_stream::<u8>(&pipeline, Item::from_stream(stream::iter(bytes(1, 3)))).await
        })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!second.is_finished(), "the first still flows");
    collect_stream(first).await.expect("all items");
    assert_eq!(
        collect_stream(second.await.expect("no panic"))
            .await
            .expect("all items"),
        b"ABC"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_another_type_is_refused_before_anything_runs() {
    let host = host();
    let pipeline = deploy(&host, streams(&["upper"])).await;
    let error = pipeline
        .call(Item::from_stream(stream::iter([vec![1u32]])))
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::TypeMismatch, "{error}");
    let item = Item::from_stream(stream::iter([vec![1u8]]));
    let again = item.clone();
    collect_stream(open_stream::<u8>(&pipeline, item).await)
        .await
        .expect("all items");
    let error = pipeline.call(again).await.expect_err("it has been read");
    assert_eq!(error.kind(), ErrorKind::TypeMismatch, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_a_run_may_be_streams() {
    let host = host();
    let pipeline = builder()
        .add_component_with("numbers", guest("plain-streams"), options_for("numbers"))
        .add_component_with(
            "sum",
            guest("plain-streams"),
            StageOptions::new().function("sum").concurrency(2),
        )
        .connect("numbers.output", "sum.input");
    let pipeline = deploy(&host, pipeline).await;
    let sums: Vec<Value> = pipeline
        .run(stream::iter(1..=50u32))
        .map_ok(value)
        .try_collect()
        .await
        .expect("all items");
    let expected: Vec<Value> = (1..=50u64).map(|n| Value::U64(n * (n - 1) / 2)).collect();
    assert_eq!(sums, expected);
}
