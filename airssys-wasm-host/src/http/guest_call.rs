//! The call in which a guest handles a request: the only place that runs one.
//!
//! Tests: `tests/suite/http`.

use std::sync::Arc;

use http::Request;
use wasmtime::StoreContextMut;
use wasmtime_wasi_http::WasiBody;

use super::exchange::Exchange;
use super::handler::GuestHandler;
use crate::Result;
use crate::deployment::Admission;
use crate::function::Handle;
use crate::instance::InstanceState;
use crate::revision::CallDeadline;

/// Runs the guest to its end, unless dropped.
pub(super) async fn run_guest(
    handle: Arc<Handle<GuestHandler>>,
    admission: Admission,
    deadline: CallDeadline,
    exchange: Arc<Exchange>,
    request: Request<WasiBody>,
) -> Result<()> {
    let handle_request =
        async |handler: &GuestHandler, store: StoreContextMut<'_, InstanceState>| {
            exchange.set_call(store.data().call_id());
            let mut guard = StopGuard(Some(&exchange));
            let exited = handler.call(store, request, &exchange).await?;
            guard.0 = None;
            exited.map_or(Ok(()), Err)
        };
    handle
        .call_admitted(&admission, deadline, handle_request, || Some(()))
        .await
}

/// A guard that stops the response when dropped before the guest has finished. This happens before
/// the guest's side of the body is dropped, which would look like the end of the body.
struct StopGuard<'a>(Option<&'a Exchange>);

impl Drop for StopGuard<'_> {
    fn drop(&mut self) {
        if let Some(exchange) = self.0 {
            exchange.state().stop();
        }
    }
}
