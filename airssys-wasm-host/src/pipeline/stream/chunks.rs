//! A function of lists, called for each chunk of a flow.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use airssys_wasm_core::world::Element;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::super::call::{Call, Called};
use super::super::item::{Held, Item, Items, Returned};
use super::super::time::AttemptTime;
use super::element::{WithElement, with_element};
use super::{Flow, ItemStream, StreamElement};
use crate::{Error, ErrorKind, Result};

/// A stage of streams whose function takes and returns lists.
pub(in super::super) struct PerChunk {
    call: Arc<dyn Call>,
    elements: usize,
    takes: Element,
    gives: Element,
    /// The time limit of the call for one chunk.
    time: AttemptTime,
}

impl PerChunk {
    /// Creates the stage. `takes` and `gives` are the elements of its lists.
    pub(in super::super) fn new(
        call: Arc<dyn Call>,
        elements: u32,
        (takes, gives): (Element, Element),
        time: AttemptTime,
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
            Lists {
                item,
                elements: self.elements,
            },
        )?;
        let (call, time) = (Arc::clone(&self.call), self.time.clone());
        let results = lists.and_then(move |list| {
            let (call, time) = (Arc::clone(&call), time.clone());
            async move { time.within(pin!(called(&*call, list))).await }
        });
        Ok(with_element(self.gives, Joined(results.boxed())))
    }
}

/// Makes the calls while the resulting stream is read.
impl Call for PerChunk {
    fn call<'a>(&'a self, mut items: Items, _: &'a AtomicU64) -> Called<'a> {
        Box::pin(async move {
            let item = items.pop().ok_or_else(no_list)?;
            Ok(Returned::One(Item(Held::Stream(self.flow(item)?))))
        })
    }
}

/// Calls the function with a list, on the revision that is active at that moment.
async fn called(call: &dyn Call, list: Item) -> Result<Item> {
    match call.call([list].into(), &AtomicU64::new(0)).await? {
        Returned::One(list) => Ok(list),
        _ => Err(no_list()),
    }
}

/// The elements of an item, as lists of `elements` each.
struct Lists {
    item: Item,
    elements: usize,
}

impl WithElement for Lists {
    type Out = Result<BoxStream<'static, Result<Item>>>;

    fn with<T: StreamElement>(self) -> Self::Out {
        let chunks = self.item.into_stream::<T>().ok_or_else(no_list)?;
        let lists = stream::try_unfold(
            (chunks, VecDeque::new()),
            move |(mut chunks, mut waiting)| async move {
                fill(&mut chunks, &mut waiting, self.elements).await?;
                let list: Vec<T> = waiting.drain(..waiting.len().min(self.elements)).collect();
                Ok((!list.is_empty()).then(|| (T::list(list), (chunks, waiting))))
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
struct Joined(BoxStream<'static, Result<Item>>);

impl WithElement for Joined {
    type Out = Flow;

    fn with<T: StreamElement>(self) -> Flow {
        Flow::new(self.0.map(|list| T::of_list(list?).ok_or_else(no_list)))
    }
}

fn no_list() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a stage of lists received or returned something else; this is a bug",
    )
}
