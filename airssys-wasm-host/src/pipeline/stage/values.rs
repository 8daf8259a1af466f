//! Functions that are called with values: with Rust types if the signature is plain, or else with
//! dynamic values.
//!
//! Tests: `tests/suite/pipelines/lanes.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::component::Val;

use super::super::item::{Items, wrong_edge_type};
use super::function::{StageFunction, StageFuture, into_stage_value};
use crate::Result;
use crate::function::{DynamicFunction, Function, Params, Results, box_future};
use crate::instance::InstanceState;

pub(super) struct TypedStage<P, R>(pub(super) Function<P, R>);

impl<P: Params, R: Results> StageFunction for TypedStage<P, R> {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> StageFuture<'a> {
        Box::into_pin(box_future(Box::new_uninit(), async move {
            let params = P::from_values(items).ok_or_else(wrong_edge_type)?;
            let params = |instance: &mut InstanceState| {
                revision.store(instance.revision(), Ordering::Relaxed);
                Ok(params)
            };
            Ok(self.0.call_with(params).await?.into_returned())
        }))
    }
}

pub(super) struct DynamicStage(pub(super) DynamicFunction);

impl StageFunction for DynamicStage {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> StageFuture<'a> {
        let params = self.0.ty().params.iter();
        let params: Result<Vec<Val>> = items
            .into_iter()
            .zip(params)
            .map(|(item, param)| item.into_val(&param.ty))
            .collect();
        Box::into_pin(box_future(Box::new_uninit(), async move {
            let result = self.0.call_recording_revision(params?, revision).await?;
            Ok(into_stage_value(result))
        }))
    }
}
