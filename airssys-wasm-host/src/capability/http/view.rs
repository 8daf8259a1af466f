//! The part of an instance that its requests use.
//!
//! Tests: `tests/suite/capabilities/http.rs`.

use std::sync::Arc;

use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView};

use super::open::OutgoingHttpState;
use super::send::HttpSender;
use crate::capability::contract::InstanceOpening;
use crate::instance::InstanceState;

/// The HTTP client of an instance.
pub(in crate::capability) struct InstanceHttp {
    context: WasiHttpCtx,
    sender: HttpSender,
}

impl InstanceHttp {
    pub(super) fn new(revision: &Arc<OutgoingHttpState>, opening: &InstanceOpening<'_>) -> Self {
        Self {
            context: WasiHttpCtx::new(),
            sender: HttpSender::new(revision, opening),
        }
    }
}

/// The part of an instance that this capability uses.
pub(crate) fn view(state: &mut InstanceState) -> WasiHttpCtxView<'_> {
    let (http, table) = state.slot_and_table::<InstanceHttp>();
    WasiHttpCtxView {
        hooks: &mut http.sender,
        table,
        ctx: &mut http.context,
    }
}
