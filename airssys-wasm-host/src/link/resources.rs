//! Functions that take or return resource handles.
//!
//! A caller holds handles of the host's. Each call replaces them with the resources that they stand
//! for, and replaces each resource in the result with a handle.
//! Tests: `tests/suite/links/resources.rs`.

use std::collections::BTreeSet;
use std::sync::Arc;

use airssys_wasm_core::world::{Function, Interface};
use wasmtime::component::{LinkerInstance, ResourceAny, ResourceType, Val};
use wasmtime::{AsContextMut, StoreContextMut};

use super::call::LinkedCall;
use super::handles::replace_handles;
use super::passing::{ValuePassing, mismatched_types};
use super::remote::RemoteResource;
use super::state::InstanceLinks;
use crate::call::TreeEntry;
use crate::call::{ResourceSession, call_tree};
use crate::deployment::DeploymentEntry;
use crate::error::LinkFailure;
use crate::instance::InstanceState;
use crate::{Error, ErrorKind, Result};

/// The resources that a component imports from others, as `interface.resource`. The place of each
/// is the number of its type.
pub(super) struct ResourceKinds(BTreeSet<String>);

impl ResourceKinds {
    pub(super) fn from_imports(imports: &[&Interface]) -> Self {
        let names = |import: &&Interface| {
            let path = import.name.path().to_owned();
            let name = move |resource: &String| format!("{path}.{resource}");
            import.resources.iter().map(name).collect::<Vec<_>>()
        };
        Self(imports.iter().flat_map(names).collect())
    }

    fn type_number(&self, name: &str) -> wasmtime::Result<u32> {
        let place = self.0.iter().position(|known| known == name);
        let number = place.and_then(|place| u32::try_from(place).ok());
        number.ok_or_else(|| {
            wasmtime::Error::msg("a call returned a resource that is not imported; this is a bug")
        })
    }
}

/// Links the resources that an interface defines.
pub(super) fn define_types(
    instance: &mut LinkerInstance<'_, InstanceState>,
    import: &Interface,
    kinds: &ResourceKinds,
) -> wasmtime::Result<()> {
    for resource in &import.resources {
        let number = kinds.type_number(&format!("{}.{resource}", import.name.path()))?;
        instance.resource_async(
            resource,
            ResourceType::host_dynamic(number),
            |store, rep| Box::new(drop_resource(store, rep)),
        )?;
    }
    Ok(())
}

/// Links a stub that calls the link at `place`.
pub(super) fn define(
    instance: &mut LinkerInstance<'_, InstanceState>,
    function: &Function,
    place: usize,
    kinds: &Arc<ResourceKinds>,
) -> wasmtime::Result<()> {
    let (ty, kinds) = (Arc::new(function.clone()), Arc::clone(kinds));
    instance.func_new_async(
        function.name.function(),
        move |store, _, params, results| {
            let (ty, kinds) = (Arc::clone(&ty), Arc::clone(&kinds));
            Box::new(async move {
                let result = call(store, place, &ty, &kinds, params).await?;
                results
                    .iter_mut()
                    .zip(result)
                    .for_each(|(place, result)| *place = result);
                Ok(())
            })
        },
    )
}

/// Drops the resource of a handle that the caller owned and has dropped.
async fn drop_resource(
    mut store: StoreContextMut<'_, InstanceState>,
    rep: u32,
) -> wasmtime::Result<()> {
    let remote = RemoteResource::take(&mut store, rep)?;
    let state = store.data_mut();
    let (tree, (_, deadline)) = (call_tree(state), state.time());
    let (session, _) = remote.session_and_resource()?;
    session
        .drop_resource(&tree, deadline, || remote.give_away())
        .await
        .map_err(|error| LinkFailure(error).into())
}

async fn call(
    mut store: StoreContextMut<'_, InstanceState>,
    place: usize,
    ty: &Function,
    kinds: &ResourceKinds,
    params: &[Val],
) -> wasmtime::Result<Option<Val>> {
    let call = LinkedCall::begin(&mut store, place)?;
    let ValuePassing::WithHandles(function) = &call.function.passing else {
        return Err(mismatched_types());
    };
    let lent = lend_arguments(&mut store, ty, params)?;
    let entered = match &lent.session {
        Some(session) => session.enter(&call.tree).await,
        None => call.tree.enter(&call.function.target).await,
    };
    let entered = entered.map_err(LinkFailure)?;
    let session = lent
        .session
        .or_else(|| call.session(&entered.active_revision))
        .unwrap_or_else(|| begin_session(&mut store, &call.function.target, &entered));
    let in_session = session
        .begin_call(&call.tree, &entered, call.deadline)
        .await;
    let mut in_session = in_session.map_err(LinkFailure)?;
    for remote in lent.given {
        let _ = remote.give_away();
    }
    let mut results = vec![Val::Bool(false); usize::from(ty.result.is_some())];
    function
        .call_in_session(&mut in_session, &lent.params, &mut results)
        .await
        .map_err(LinkFailure)?;
    let result = results
        .pop()
        .map(|result| hold_result(&mut store, &session, kinds, ty, &result))
        .transpose();
    in_session.leave();
    result
}

fn begin_session(
    store: &mut StoreContextMut<'_, InstanceState>,
    target: &Arc<DeploymentEntry>,
    entered: &TreeEntry<'_>,
) -> Arc<ResourceSession> {
    let session = ResourceSession::begin(target, entered);
    let links: &mut InstanceLinks = store.data_mut().slot_mut();
    links.add_session(&session);
    session
}

/// Arguments with resources in place of their handles.
struct LentArguments {
    params: Vec<Val>,
    /// The session of the resources, if there are any.
    session: Option<Arc<ResourceSession>>,
    /// Resources that are given away rather than lent.
    given: Vec<RemoteResource>,
}

/// Replaces the handles among the arguments with the resources that they stand for.
fn lend_arguments(
    store: &mut StoreContextMut<'_, InstanceState>,
    ty: &Function,
    params: &[Val],
) -> wasmtime::Result<LentArguments> {
    let (mut session, mut given): (Option<Arc<ResourceSession>>, _) = (None, Vec::new());
    let mut lend = |handle: ResourceAny, _: &str| {
        let handle = handle.try_into_resource_dynamic(store.as_context_mut())?;
        let (of, resource) = if handle.owned() {
            let remote = RemoteResource::take(store, handle.rep())?;
            let place = remote.session_and_resource();
            given.push(remote);
            place?
        } else {
            RemoteResource::borrow(store, handle.rep())?
        };
        match &session {
            Some(session) if !session.shares_instance_with(&of) => Err(different_instances(ty)),
            _ => {
                session = Some(of);
                Ok(resource)
            }
        }
    };
    let typed = ty.params.iter().zip(params);
    let params = typed
        .map(|(param, value)| replace_handles(value, &param.ty, &mut lend))
        .collect::<Result<_, _>>()?;
    Ok(LentArguments {
        params,
        session,
        given,
    })
}

/// Replaces each resource in a result with a handle.
fn hold_result(
    store: &mut StoreContextMut<'_, InstanceState>,
    session: &Arc<ResourceSession>,
    kinds: &ResourceKinds,
    ty: &Function,
    result: &Val,
) -> wasmtime::Result<Val> {
    let Some(result_ty) = &ty.result else {
        return Err(mismatched_types());
    };
    let mut failed = None;
    // Continues after a failure, so that no resource is left without an owner.
    let mut hold = |resource: ResourceAny, name: &str| {
        let held = kinds
            .type_number(name)
            .and_then(|kind| RemoteResource::insert(store, session, resource, kind));
        Ok(held.unwrap_or_else(|error| {
            failed.get_or_insert(error);
            resource
        }))
    };
    let result = replace_handles(result, result_ty, &mut hold)?;
    failed.map_or(Ok(result), Err)
}

fn different_instances(ty: &Function) -> wasmtime::Error {
    let message = format!(
        "`{}` received resources of different instances: some were opened before an update; open them again",
        ty.name
    );
    LinkFailure(Error::new(ErrorKind::ResourceLost, message)).into()
}
