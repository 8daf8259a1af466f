//! One request, from its admission to the last byte of its answer.
//!
//! The guest runs where the request is answered until the head of its answer is there; what is
//! left of it runs where the body is read, and stops if whoever reads that goes away.
//! Tests: the workspace's `tests/suite/http`.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use airssys_wasm_core::ComponentName;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Body;
use parking_lot::Mutex;
use semver::Version;
use wasmtime::StoreContextMut;
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use super::body::{Bounds, HttpBody, OfGuest};
use super::handler::{Handler, Head};
use super::refusal::Refusal;
use super::request;
use super::running::{Guest, Running, let_go};
use crate::call::{self, within};
use crate::deployment::{Admission, Serving};
use crate::engine::Ticks;
use crate::function::Handle;
use crate::instance::InstanceState;
use crate::observe::CallId;
use crate::revision::Revision;
use crate::{CallEnd, Error, Result};

/// Which revision a request was given to: an extension of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// The name it is deployed under.
    pub component: ComponentName,
    /// The number of the revision.
    pub revision: u64,
    /// The version of its component, if it says one.
    pub version: Option<Version>,
}

impl Served {
    fn by(revision: &Revision) -> Self {
        Self {
            component: revision.name().clone(),
            revision: revision.number,
            version: revision.component.version().cloned(),
        }
    }
}

/// What the guest's side of an exchange tells the client's side, and how it failed.
pub(super) struct Exchange {
    handle: Arc<Handle<Handler>>,
    revision: Arc<Revision>,
    /// The call in which the guest answers, once it has begun.
    call: OnceLock<CallId>,
    head: Mutex<Option<Head>>,
    is_cut_off: AtomicBool,
}

impl Exchange {
    fn new(handle: &Arc<Handle<Handler>>, revision: &Arc<Revision>) -> Arc<Self> {
        Arc::new(Self {
            handle: Arc::clone(handle),
            revision: Arc::clone(revision),
            call: OnceLock::new(),
            head: Mutex::default(),
            is_cut_off: AtomicBool::new(false),
        })
    }

    /// Whether the guest stopped before it was done.
    pub(super) fn is_cut_off(&self) -> bool {
        self.is_cut_off.load(Ordering::SeqCst)
    }

    /// Cuts the answer off; false if it was already.
    fn cut_off(&self) -> bool {
        !self.is_cut_off.swap(true, Ordering::SeqCst)
    }

    /// Cuts the answer off, and announces why unless that has been done: a guest that was stopped
    /// announces its own end.
    pub(super) fn fail(&self, end: CallEnd, detail: &str) {
        if self.cut_off() {
            self.announce(end, detail);
        }
    }

    fn announce(&self, end: CallEnd, detail: &str) {
        let message = format!(
            "`{}` of {} {end}{detail}",
            self.handle.what(),
            self.revision
        );
        let error = Error::of_call(end, message);
        call::failed(
            self.handle.named(),
            &self.revision,
            self.call.get().copied(),
            &error,
        );
    }

    /// The head as soon as it is there; none if the guest ends without.
    fn poll_head(
        &self,
        guest: &mut Guest,
        outcome: &mut Option<Result<()>>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Head>> {
        if outcome.is_none()
            && let Poll::Ready(ended) = guest.as_mut().poll(context)
        {
            *outcome = Some(ended);
        }
        match self.head.lock().take() {
            None if outcome.is_none() => Poll::Pending,
            head => Poll::Ready(head),
        }
    }
}

/// Has the revision that a request was let into answer it, or says why it does not.
pub(super) async fn answer<B>(
    handle: &Arc<Handle<Handler>>,
    admission: Admission,
    request: Request<B>,
) -> Response<HttpBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let served = Served::by(&admission.serving().revision);
    let answered = begin(handle, admission, request).await;
    let mut response = answered.unwrap_or_else(Refusal::response);
    response.extensions_mut().insert(served);
    response
}

async fn begin<B>(
    handle: &Arc<Handle<Handler>>,
    admission: Admission,
    request: Request<B>,
) -> std::result::Result<Response<HttpBody>, Refusal>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let revision = &*Arc::clone(&admission.serving().revision);
    request::check(&request, revision.limits.http_request_bytes_max)?;
    check_not_busy(admission.serving())?;
    let exchange = Exchange::new(handle, &admission.serving().revision);
    let begun = handle.clock().now();
    let bounds = Bounds {
        clock: Arc::clone(handle.clock()),
        deadline: begun.plus(revision.http_ticks),
        bytes: revision.limits.http_response_bytes_max,
    };
    let is_head = request.method() == Method::HEAD;
    let (request, is_too_large) = request::bounded(request, revision.limits.http_request_bytes_max);
    let mut guest: Guest = Box::pin(run(
        Arc::clone(handle),
        admission,
        bounds.deadline,
        Arc::clone(&exchange),
        request,
    ));
    let mut outcome = None;
    let head = {
        let head = pin!(poll_fn(|context| exchange.poll_head(
            &mut guest,
            &mut outcome,
            context
        )));
        within(handle.clock(), begun.plus(revision.call_ticks), head).await
    };
    let Ok(head) = head else {
        // It is dropped with its instance.
        call::too_long(handle.named(), revision, handle.what());
        return Err(Refusal::TooLate);
    };
    match (head, outcome) {
        (Some(Ok(answer)), None) => {
            let guest = Running::new(guest, handle.clock(), bounds.deadline);
            Ok(begun_answer(answer, &exchange, guest, bounds, is_head))
        }
        (Some(Ok(answer)), Some(Ok(()))) => finished_answer(answer, &exchange, bounds),
        // The guest exited, and had finished its answer.
        (Some(Ok(answer)), Some(Err(_))) if !exchange.is_cut_off() => {
            finished_answer(answer, &exchange, bounds)
        }
        (Some(Err(said)), ended) => {
            if ended.is_none() {
                let_go(guest);
            }
            Err(refusal(&said, &exchange))
        }
        (None, _) if is_too_large.load(Ordering::Relaxed) => Err(Refusal::TooLarge),
        (_, Some(Err(error))) => Err(Refusal::of(&error)),
        (None, _) => {
            exchange.announce(CallEnd::AnswerMissing, "");
            Err(Refusal::Ended(CallEnd::AnswerMissing))
        }
    }
}

/// The answer of a guest that runs on.
fn begun_answer(
    answer: Response<WasiBody>,
    exchange: &Arc<Exchange>,
    guest: Running,
    bounds: Bounds,
    is_head: bool,
) -> Response<HttpBody> {
    let (head, body) = OfGuest::begin(answer, exchange, Some(guest), bounds);
    if is_head || has_no_body(head.status) {
        tokio::spawn(body.pass_over());
        return Response::from_parts(head, HttpBody::unsent());
    }
    Response::from_parts(head, body.into_body())
}

/// The answer of a guest that has ended: refused if it is not whole, for nothing of it is out yet.
fn finished_answer(
    answer: Response<WasiBody>,
    exchange: &Arc<Exchange>,
    bounds: Bounds,
) -> std::result::Result<Response<HttpBody>, Refusal> {
    let (head, body) = OfGuest::begin(answer, exchange, None, bounds);
    let body = body.read_ahead().map_err(Refusal::Ended)?;
    Ok(Response::from_parts(head, body.into_body()))
}

/// Runs the guest, to its end unless it is dropped.
async fn run(
    handle: Arc<Handle<Handler>>,
    admission: Admission,
    deadline: Ticks,
    exchange: Arc<Exchange>,
    request: Request<WasiBody>,
) -> Result<()> {
    let ask = async |handler: &Handler, store: StoreContextMut<'_, InstanceState>| {
        let mut ending = CutOff {
            exchange: Some(Arc::clone(&exchange)),
        };
        exchange.call.get_or_init(|| store.data().call());
        let exited = handler
            .answer(store, request, move |head| {
                *exchange.head.lock() = Some(head)
            })
            .await?;
        ending.exchange = None;
        exited.map_or(Ok(()), Err)
    };
    handle
        .run_in_time(
            admission.serving(),
            admission.lane,
            deadline,
            None,
            ask,
            || Some(()),
        )
        .await
}

/// Dropped before the guest has ended, it tells so: before the guest's end of the body is
/// dropped, which looks like the body's end.
struct CutOff {
    exchange: Option<Arc<Exchange>>,
}

impl Drop for CutOff {
    fn drop(&mut self) {
        if let Some(exchange) = &self.exchange {
            exchange.cut_off();
        }
    }
}

fn has_no_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn check_not_busy(serving: &Serving) -> std::result::Result<(), Refusal> {
    let waiting_max = serving.revision.limits.http_waiting_max;
    if serving.instances.has_room() || serving.instances.waiting() < waiting_max {
        Ok(())
    } else {
        Err(Refusal::Busy)
    }
}

/// The answer for what a guest says was wrong.
fn refusal(said: &HttpError, exchange: &Exchange) -> Refusal {
    if matches!(said, HttpError::HttpRequestBodySize(_)) {
        return Refusal::TooLarge;
    }
    exchange.announce(
        CallEnd::ReturnedError,
        &format!(" instead of an answer: {said}"),
    );
    match said {
        HttpError::ConnectionTimeout | HttpError::ConnectionReadTimeout => Refusal::TooLate,
        _ => Refusal::Ended(CallEnd::ReturnedError),
    }
}
