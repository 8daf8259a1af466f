//! A function of lists, called for each chunk of a flow.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use airssys_wasm_core::world::ElementType;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::super::call::{CallFuture, StageCall};
use super::super::item::{Item, ItemValue, Items, StageValue};
use super::super::time::AttemptLimit;
use super::element::{WithElement, with_element};
use super::{Flow, ItemStream, StreamElement};
use crate::{Error, ErrorKind, Result};

/// A stage of streams whose function takes and returns lists.
pub(in super::super) struct ChunkedCall {
    call: Arc<dyn StageCall>,
    elements: usize,
    takes: ElementType,
    gives: ElementType,
    /// The time limit of the call for one chunk.
    time: AttemptLimit,
}

impl ChunkedCall {
    /// Creates the stage. `takes` and `gives` are the elements of its lists.
    pub(in super::super) fn new(
        call: Arc<dyn StageCall>,
        elements: u32,
        (takes, gives): (ElementType, ElementType),
        time: AttemptLimit,
    ) -> Self {
        Self {
            call,
            elements: elements as usize,
            takes,
            gives,
            time,
        }
    }

    fn flow(&self, item: Item) -> Result<Flow> {
        let lists = with_element(
            self.takes,
            ListChunks {
                item,
                elements: self.elements,
            },
        )?;
        let (call, time) = (Arc::clone(&self.call), self.time.clone());
        let results = lists.and_then(move |list| {
            let (call, time) = (Arc::clone(&call), time.clone());
            async move { time.within(pin!(call_with_list(&*call, list))).await }
        });
        Ok(with_element(self.gives, JoinedLists(results.boxed())))
    }
}

/// Makes the calls while the resulting stream is read.
impl StageCall for ChunkedCall {
    fn call<'a>(&'a self, mut items: Items, _: &'a AtomicU64) -> CallFuture<'a> {
        Box::pin(async move {
            let item = items.pop().ok_or_else(not_a_list)?;
            Ok(StageValue::One(Item(ItemValue::Stream(self.flow(item)?))))
        })
    }
}

/// Calls the function with a list, on the revision that is active at that moment.
async fn call_with_list(call: &dyn StageCall, list: Item) -> Result<Item> {
    match call.call([list].into(), &AtomicU64::new(0)).await? {
        StageValue::One(list) => Ok(list),
        _ => Err(not_a_list()),
    }
}

/// The elements of an item, as lists of `elements` each.
struct ListChunks {
    item: Item,
    elements: usize,
}

impl WithElement for ListChunks {
    type Out = Result<BoxStream<'static, Result<Item>>>;

    fn with<T: StreamElement>(self) -> Self::Out {
        let chunks = self.item.into_stream::<T>().ok_or_else(not_a_list)?;
        let lists = stream::try_unfold(
            (chunks, VecDeque::new()),
            move |(mut chunks, mut waiting)| async move {
                fill(&mut chunks, &mut waiting, self.elements).await?;
                let list: Vec<T> = waiting.drain(..waiting.len().min(self.elements)).collect();
                Ok((!list.is_empty()).then(|| (T::into_list(list), (chunks, waiting))))
            },
        );
        Ok(lists.boxed())
    }
}

/// Waits until there are enough elements, or the end is reached.
async fn fill<T: Send + 'static>(
    chunks: &mut ItemStream<T>,
    waiting: &mut VecDeque<T>,
    enough: usize,
) -> Result<()> {
    while waiting.len() < enough {
        match chunks.try_next().await? {
            // Yields, so that an endless run of empty chunks does not occupy the thread.
            Some(chunk) if chunk.is_empty() => tokio::task::yield_now().await,
            Some(chunk) if waiting.is_empty() => *waiting = chunk.into(),
            Some(chunk) => waiting.extend(chunk),
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Lists that become the chunks of a flow.
struct JoinedLists(BoxStream<'static, Result<Item>>);

impl WithElement for JoinedLists {
    type Out = Flow;

    fn with<T: StreamElement>(self) -> Flow {
        Flow::new(
            self.0
                .map(|list| T::from_list(list?).ok_or_else(not_a_list)),
        )
    }
}

fn not_a_list() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a stage of lists received or returned something else; this is a bug",
    )
}
