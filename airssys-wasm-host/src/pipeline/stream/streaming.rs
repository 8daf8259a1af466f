//! The call of a function that has streams.
//!
//! A function that returns a stream yields an item as soon as it returns. Its call continues until
//! the stream has been written, in a task of its own, which ends when the reader is dropped.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use airssys_wasm_core::world::{ElementType, Function as FunctionType, Type};
use futures_channel::{mpsc, oneshot};
use futures_util::{Stream, StreamExt as _, stream};
use wasmtime::component::{StreamAny, StreamReader, Val};
use wasmtime::{AsContextMut as _, StoreContextMut};

use super::super::call::{CallFuture, StageCall};
use super::super::item::{Item, ItemValue, Items, StageValue};
use super::super::task::Task;
use super::super::time::AttemptLimit;
use super::collect::ChunkConsumer;
use super::element::{WithElement, with_element};
use super::feed::LentStreams;
use super::{Flow, StreamElement};
use crate::function::{StreamWritten, StreamingFunction};
use crate::instance::InstanceState;
use crate::{Error, ErrorKind, Result};

type StreamStore<'a> = StoreContextMut<'a, InstanceState>;

/// The function of a stage that takes streams, or returns one.
pub(in super::super) struct StreamingCall {
    function: Arc<StreamingFunction>,
    /// The elements of the stream that it returns, if any.
    gives: Option<ElementType>,
    /// The time limit, up to the end of the stream that it returns.
    time: AttemptLimit,
}

impl StreamingCall {
    pub(in super::super) fn new(function: StreamingFunction, time: AttemptLimit) -> Self {
        let gives = match &function.ty().result {
            Some(Type::Result { ok: Some(ok), .. }) => ElementType::from_stream(ok),
            Some(ty) => ElementType::from_stream(ty),
            None => None,
        };
        Self {
            function: Arc::new(function),
            gives,
            time,
        }
    }

    /// Runs a call that returns a value, once it has read what it needs of its streams.
    async fn call_to_end(&self, items: Items, revision: &AtomicU64) -> Result<StageValue> {
        let mut returned = None;
        let (params, _lent) = params(items, self.function.ty())?;
        let enter = |store: StreamStore<'_>| {
            revision.store(store.data().revision(), Ordering::Relaxed);
            lower(params, store)
        };
        let leave = |_: StreamStore<'_>, val: Option<Val>| {
            returned = val;
            Ok(None)
        };
        // The attempt of the unit enforces the time: this call ends with it.
        self.function.call(enter, leave).await?;
        Ok(returned.map_or(StageValue::Nothing, |val| {
            StageValue::One(Item(ItemValue::Val(val)))
        }))
    }
}

impl StageCall for StreamingCall {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> CallFuture<'a> {
        match self.gives {
            None => Box::pin(self.call_to_end(items, revision)),
            Some(element) => with_element(
                element,
                PendingStream {
                    streaming: self,
                    items,
                    revision,
                },
            ),
        }
    }
}

/// A call that continues after its function has returned.
struct PendingStream<'a> {
    streaming: &'a StreamingCall,
    items: Items,
    revision: &'a AtomicU64,
}

impl<'a> WithElement for PendingStream<'a> {
    type Out = CallFuture<'a>;

    fn with<T: StreamElement>(self) -> CallFuture<'a> {
        let Self {
            streaming,
            items,
            revision,
        } = self;
        Box::pin(async move {
            let params = params(items, streaming.function.ty())?;
            let (told, returned) = oneshot::channel();
            let (to, mut chunks) = mpsc::channel(0);
            let function = Arc::clone(&streaming.function);
            let task = Task::spawn(write_stream::<T>(
                function,
                streaming.time.clone(),
                params,
                told,
                to,
            ));
            let Ok((serving, came)) = returned.await else {
                // The call failed before it returned, and its error is all that was written.
                let failed = chunks.next().await;
                return Err(failed.and_then(Result::err).unwrap_or_else(lost_call));
            };
            revision.store(serving, Ordering::Relaxed);
            let item = || {
                Item(ItemValue::Stream(Flow::new::<T>(
                    chunks.chain(stream_end(task)),
                )))
            };
            Ok(match came {
                StreamOutput::Stream => StageValue::One(item()),
                StreamOutput::OkStream => StageValue::Either(Ok(item())),
                StreamOutput::Error(error) => StageValue::One(Item(ItemValue::Val(error))),
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
    time: AttemptLimit,
    (params, _lent): (Vec<Param>, LentStreams),
    told: oneshot::Sender<(u64, StreamOutput)>,
    to: mpsc::Sender<Result<Vec<T>>>,
) {
    let mut failing = to.clone();
    let enter = move |store: StreamStore<'_>| lower(params, store);
    let leave = move |mut store: StreamStore<'_>, val: Option<Val>| {
        let (came, stream) = split_output(val)?;
        let ended = stream
            .map(|stream| collect(stream, &mut store, to))
            .transpose()?;
        // If the receiver is gone, this whole task is being dropped.
        let _ = told.send((store.data().revision(), came));
        Ok(ended)
    };
    if let Err(error) = time.within(pin!(function.call(enter, leave))).await {
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

/// A parameter, to be created once there is an instance to pass it to.
type Param = Box<dyn for<'a> FnOnce(StreamStore<'a>) -> wasmtime::Result<Val> + Send>;

/// Returns the parameters: values, and streams that have no other reader from here on.
fn params(items: Items, ty: &FunctionType) -> Result<(Vec<Param>, LentStreams)> {
    let mut lent = LentStreams::default();
    let mut param = |(item, ty): (Item, &Type)| match ElementType::from_stream(ty) {
        Some(element) => with_element(
            element,
            FedStream {
                item,
                lent: &mut lent,
            },
        ),
        None => {
            let val = item.into_val(ty)?;
            Ok(Box::new(move |_: StreamStore<'_>| Ok(val)) as Param)
        }
    };
    let types = ty.params.iter().map(|param| &param.ty);
    let params: Result<Vec<Param>> = items.into_iter().zip(types).map(&mut param).collect();
    Ok((params?, lent))
}

fn lower(params: Vec<Param>, mut store: StreamStore<'_>) -> wasmtime::Result<Vec<Val>> {
    params
        .into_iter()
        .map(|param| param(store.as_context_mut()))
        .collect()
}

/// An item that an instance reads as a stream.
struct FedStream<'a> {
    item: Item,
    lent: &'a mut LentStreams,
}

impl WithElement for FedStream<'_> {
    type Out = Result<Param>;

    fn with<T: StreamElement>(self) -> Self::Out {
        let feed = self
            .lent
            .feed(self.item.into_stream::<T>().ok_or_else(not_readable)?);
        Ok(Box::new(move |mut store| {
            let reader = StreamReader::new(&mut store, feed)?;
            Ok(Val::Stream(reader.try_into_stream_any(&mut store)?))
        }))
    }
}

fn not_a_stream(val: Option<&Val>) -> wasmtime::Error {
    wasmtime::format_err!("expected a stream, got `{val:?}`; this is a bug")
}

fn not_readable() -> Error {
    Error::new(
        ErrorKind::TypeMismatch,
        "the stream was already read, or has other elements",
    )
}

fn lost_call() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a call ended without a result or an error; this is a bug",
    )
}
