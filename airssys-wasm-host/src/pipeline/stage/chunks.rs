//! A function of lists, called for each chunk of a stream.
//!
//! Tests: `tests/suite/pipelines/streams.rs`.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use airssys_wasm_core::world::ElementType;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::super::item::{Flow, Item, ItemStream, Items, StreamElement, WithElement, with_element};
use super::attempt_limit::AttemptLimit;
use super::function::{StageFunction, StageFuture, StageValue};
use crate::{Error, ErrorKind, Result};

/// A stage of streams whose function takes and returns lists.
pub(super) struct ChunkedStage {
    function: Arc<dyn StageFunction>,
    elements: usize,
    takes: ElementType,
    gives: ElementType,
    /// The time limit of the call for one chunk.
    limit: AttemptLimit,
}

impl ChunkedStage {
    /// Creates the stage. `takes` and `gives` are the elements of its lists.
    pub(super) fn new(
        function: Arc<dyn StageFunction>,
        elements: u32,
        (takes, gives): (ElementType, ElementType),
        limit: AttemptLimit,
    ) -> Self {
        Self {
            function,
            elements: elements as usize,
            takes,
            gives,
            limit,
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
        let (function, limit) = (Arc::clone(&self.function), self.limit.clone());
        let results = lists.and_then(move |list| {
            let (function, limit) = (Arc::clone(&function), limit.clone());
            async move { limit.within(pin!(call_with_list(&*function, list))).await }
        });
        Ok(with_element(self.gives, JoinedLists(results.boxed())))
    }
}

/// Makes the calls while the resulting stream is read.
impl StageFunction for ChunkedStage {
    fn call<'a>(&'a self, mut items: Items, _: &'a AtomicU64) -> StageFuture<'a> {
        Box::pin(async move {
            let item = items.pop().ok_or_else(not_a_list)?;
            Ok(StageValue::One(Item::from_flow(self.flow(item)?)))
        })
    }
}

/// Calls the function with a list, on the revision that is active at that moment.
async fn call_with_list(function: &dyn StageFunction, list: Item) -> Result<Item> {
    match function.call([list].into(), &AtomicU64::new(0)).await? {
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
                Ok((!list.is_empty()).then(|| (Item::from_elements(list), (chunks, waiting))))
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
                .map(|list| list?.into_elements::<T>().ok_or_else(not_a_list)),
        )
    }
}

fn not_a_list() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a stage of lists received or returned something else; this is a bug",
    )
}
