//! The call of a function that has streams.
//!
//! A function that returns a stream yields an item as soon as it returns. Its call continues until
//! the stream has been written, in a task of its own, which ends when the reader is dropped.
//! Tests: `tests/suite/pipelines/streams.rs`.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use airssys_wasm_core::world::{ElementType, Type};
use futures_channel::{mpsc, oneshot};
use futures_util::{Stream, StreamExt as _, stream};
use wasmtime::component::{StreamAny, StreamReader, Val};

use super::super::item::{Flow, Item, Items, StreamElement, WithElement, with_element};
use super::super::task::Task;
use super::attempt_limit::AttemptLimit;
use super::collect::ChunkConsumer;
use super::feed::LentStreams;
use super::function::{StageFunction, StageFuture, StageValue, into_stage_value};
use super::params::{StreamParams, StreamStore};
use crate::function::{StreamWritten, StreamingFunction};
use crate::{Error, ErrorKind, Result};

/// The function of a stage that takes streams, or returns one.
pub(super) struct StreamingStage {
    function: Arc<StreamingFunction>,
    /// The elements of the stream that it returns, if any.
    gives: Option<ElementType>,
    /// The time limit, up to the end of the stream that it returns.
    limit: AttemptLimit,
}

impl StreamingStage {
    pub(super) fn new(function: StreamingFunction, limit: AttemptLimit) -> Self {
        let gives = match &function.ty().result {
            Some(Type::Result { ok: Some(ok), .. }) => ElementType::from_stream(ok),
            Some(ty) => ElementType::from_stream(ty),
            None => None,
        };
        Self {
            function: Arc::new(function),
            gives,
            limit,
        }
    }

    /// Runs a call that returns a value, once it has read what it needs of its streams.
    async fn call_to_end(&self, items: Items, revision: &AtomicU64) -> Result<StageValue> {
        let mut returned = None;
        let (params, _lent) = StreamParams::new(items, self.function.ty())?;
        let enter = |store: StreamStore<'_>| {
            revision.store(store.data().revision(), Ordering::Relaxed);
            params.lower(store)
        };
        let leave = |_: StreamStore<'_>, val: Option<Val>| {
            returned = val;
            Ok(None)
        };
        // The attempt of the unit enforces the time: this call ends with it.
        self.function.call(enter, leave).await?;
        Ok(into_stage_value(returned))
    }
}

impl StageFunction for StreamingStage {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> StageFuture<'a> {
        match self.gives {
            None => Box::pin(self.call_to_end(items, revision)),
            Some(element) => with_element(
                element,
                PendingStream {
                    stage: self,
                    items,
                    revision,
                },
            ),
        }
    }
}

/// A call that continues after its function has returned.
struct PendingStream<'a> {
    stage: &'a StreamingStage,
    items: Items,
    revision: &'a AtomicU64,
}

impl<'a> WithElement for PendingStream<'a> {
    type Out = StageFuture<'a>;

    fn with<T: StreamElement>(self) -> StageFuture<'a> {
        let Self {
            stage,
            items,
            revision,
        } = self;
        Box::pin(async move {
            let params = StreamParams::new(items, stage.function.ty())?;
            let (returning, returned) = oneshot::channel();
            let (to, mut chunks) = mpsc::channel(0);
            let function = Arc::clone(&stage.function);
            let task = Task::spawn(write_stream::<T>(
                function,
                stage.limit.clone(),
                params,
                returning,
                to,
            ));
            let Ok((active, output)) = returned.await else {
                // The call failed before it returned, and its error is all that was written.
                let failed = chunks.next().await;
                return Err(failed.and_then(Result::err).unwrap_or_else(lost_call));
            };
            revision.store(active, Ordering::Relaxed);
            let item = || Item::from_flow(Flow::new::<T>(chunks.chain(stream_end(task))));
            Ok(match output {
                StreamOutput::Stream => StageValue::One(item()),
                StreamOutput::OkStream => StageValue::Either(Ok(item())),
                StreamOutput::Error(error) => StageValue::One(Item::from_val(error)),
            })
        })
    }
}

/// Returns an empty stream, or an error if the task panicked. Owns the task, so that it lasts as
/// long as its reader.
fn stream_end<T: StreamElement>(task: Task<()>) -> impl Stream<Item = Result<Vec<T>>> + Send {
    stream::once(task).filter_map(async |joined| joined.is_err().then(|| Err(lost_call())))
}

/// The result of a function that returns a stream.
enum StreamOutput {
    Stream,
    OkStream,
    /// A `result` with an error in place of the stream.
    Error(Val),
}

/// Makes the call, sends its result and the revision that serves it, and writes the stream to its
/// end.
async fn write_stream<T: StreamElement>(
    function: Arc<StreamingFunction>,
    limit: AttemptLimit,
    (params, _lent): (StreamParams, LentStreams),
    returning: oneshot::Sender<(u64, StreamOutput)>,
    to: mpsc::Sender<Result<Vec<T>>>,
) {
    let mut failing = to.clone();
    let enter = move |store: StreamStore<'_>| params.lower(store);
    let leave = move |mut store: StreamStore<'_>, val: Option<Val>| {
        let (output, stream) = split_output(val)?;
        let ended = stream
            .map(|stream| collect(stream, &mut store, to))
            .transpose()?;
        // If the receiver is gone, this whole task is being dropped.
        let _ = returning.send((store.data().revision(), output));
        Ok(ended)
    };
    if let Err(error) = limit.within(pin!(function.call(enter, leave))).await {
        // Each sender has room for one more message, however many are queued.
        let _ = failing.try_send(Err(error));
    }
}

fn split_output(val: Option<Val>) -> wasmtime::Result<(StreamOutput, Option<StreamAny>)> {
    match val {
        Some(Val::Stream(stream)) => Ok((StreamOutput::Stream, Some(stream))),
        Some(Val::Result(Ok(Some(ok)))) => match *ok {
            Val::Stream(stream) => Ok((StreamOutput::OkStream, Some(stream))),
            other => Err(not_a_stream(Some(&other))),
        },
        Some(error @ Val::Result(Err(_))) => Ok((StreamOutput::Error(error), None)),
        other => Err(not_a_stream(other.as_ref())),
    }
}

fn collect<T: StreamElement>(
    stream: StreamAny,
    store: &mut StreamStore<'_>,
    to: mpsc::Sender<Result<Vec<T>>>,
) -> wasmtime::Result<StreamWritten> {
    let (until, ended) = oneshot::channel();
    StreamReader::<T>::try_from_stream_any(stream)?.pipe(
        store,
        ChunkConsumer {
            to,
            _end_signal: until,
        },
    )?;
    Ok(ended)
}

fn not_a_stream(val: Option<&Val>) -> wasmtime::Error {
    wasmtime::format_err!("expected a stream, got `{val:?}`; this is a bug")
}

fn lost_call() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a call ended without a result or an error; this is a bug",
    )
}
