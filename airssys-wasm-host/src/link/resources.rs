//! Functions that take or return resource handles.
//!
//! A caller holds handles of the host's. Each call replaces them with the resources that they stand
//! for, and replaces each resource in the result with a handle.
//! Tests: `tests/suite/links/resources.rs`.

use std::collections::BTreeSet;
use std::sync::Arc;

use airssys_wasm_core::world::{Field, Function, Interface, Type};
use wasmtime::component::{LinkerInstance, ResourceAny, ResourceType, Val};
use wasmtime::{AsContextMut, StoreContextMut};

use super::lane::{Calls, other_types};
use super::remote::Remote;
use super::session::Session;
use super::stub::{Calling, LinkFailed};
use super::tree::Entered;
use crate::deployment::Named;
use crate::instance::InstanceState;
use crate::{Error, ErrorKind, Result};

/// The resources that a component imports from others, as `interface.resource`. The place of each
/// is the number of its type.
pub(super) struct Kinds(BTreeSet<String>);

impl Kinds {
    pub(super) fn of(imports: &[&Interface]) -> Self {
        let names = |import: &&Interface| {
            let path = import.name.path().to_owned();
            let name = move |resource: &String| format!("{path}.{resource}");
            import.resources.iter().map(name).collect::<Vec<_>>()
        };
        Self(imports.iter().flat_map(names).collect())
    }

    fn number(&self, name: &str) -> wasmtime::Result<u32> {
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
    kinds: &Kinds,
) -> wasmtime::Result<()> {
    for resource in &import.resources {
        let number = kinds.number(&format!("{}.{resource}", import.name.path()))?;
        instance.resource_async(
            resource,
            ResourceType::host_dynamic(number),
            |store, rep| Box::new(drop_one(store, rep)),
        )?;
    }
    Ok(())
}

/// Links a stub that calls the link at `place`.
pub(super) fn define(
    instance: &mut LinkerInstance<'_, InstanceState>,
    function: &Function,
    place: usize,
    kinds: &Arc<Kinds>,
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
async fn drop_one(mut store: StoreContextMut<'_, InstanceState>, rep: u32) -> wasmtime::Result<()> {
    let remote = Remote::take(&mut store, rep)?;
    let state = store.data_mut();
    let (tree, (_, deadline)) = (state.tree(), state.time());
    let (session, _) = remote.place()?;
    session
        .drop_in(&tree, deadline, remote)
        .await
        .map_err(|error| LinkFailed(error).into())
}

async fn call(
    mut store: StoreContextMut<'_, InstanceState>,
    place: usize,
    ty: &Function,
    kinds: &Kinds,
    params: &[Val],
) -> wasmtime::Result<Option<Val>> {
    let calling = Calling::begin(&mut store, place)?;
    let Calls::WithHandles(function) = &calling.link.calls else {
        return Err(other_types());
    };
    let lent = lend(&mut store, ty, params)?;
    let entered = match &lent.session {
        Some(session) => session.enter(&calling.tree).await,
        None => calling.tree.enter(&calling.link.target).await,
    };
    let entered = entered.map_err(LinkFailed)?;
    let session = lent
        .session
        .or_else(|| calling.session(&entered.serving))
        .unwrap_or_else(|| begin(&mut store, &calling.link.target, &entered));
    let seat = session
        .seat(&calling.tree, &entered, calling.deadline)
        .await;
    let mut seat = seat.map_err(LinkFailed)?;
    for remote in lent.given {
        let _ = remote.give_away();
    }
    let mut results = vec![Val::Bool(false); usize::from(ty.result.is_some())];
    function
        .call_seated(&mut seat, &lent.params, &mut results)
        .await
        .map_err(LinkFailed)?;
    let result = results
        .pop()
        .map(|result| hold(&mut store, &session, kinds, ty, &result))
        .transpose();
    seat.leave();
    result
}

fn begin(
    store: &mut StoreContextMut<'_, InstanceState>,
    target: &Arc<Named>,
    entered: &Entered,
) -> Arc<Session> {
    let session = Session::begin(target, entered);
    store.data_mut().remember(&session);
    session
}

/// Arguments with resources in place of their handles.
struct Lent {
    params: Vec<Val>,
    /// The session of the resources, if there are any.
    session: Option<Arc<Session>>,
    /// Resources that are given away rather than lent.
    given: Vec<Remote>,
}

/// Replaces the handles among the arguments with the resources that they stand for.
fn lend(
    store: &mut StoreContextMut<'_, InstanceState>,
    ty: &Function,
    params: &[Val],
) -> wasmtime::Result<Lent> {
    let (mut session, mut given): (Option<Arc<Session>>, _) = (None, Vec::new());
    let mut lend = |handle: ResourceAny, _: &str| {
        let handle = handle.try_into_resource_dynamic(store.as_context_mut())?;
        let (of, resource) = if handle.owned() {
            let remote = Remote::take(store, handle.rep())?;
            let place = remote.place();
            given.push(remote);
            place?
        } else {
            Remote::lend(store, handle.rep())?
        };
        match &session {
            Some(session) if !session.is_where(&of) => Err(apart(ty)),
            _ => {
                session = Some(of);
                Ok(resource)
            }
        }
    };
    let typed = ty.params.iter().zip(params);
    let params = typed
        .map(|(param, value)| replace(value, &param.ty, &mut lend))
        .collect::<Result<_, _>>()?;
    Ok(Lent {
        params,
        session,
        given,
    })
}

/// Replaces each resource in a result with a handle.
fn hold(
    store: &mut StoreContextMut<'_, InstanceState>,
    session: &Arc<Session>,
    kinds: &Kinds,
    ty: &Function,
    result: &Val,
) -> wasmtime::Result<Val> {
    let Some(result_ty) = &ty.result else {
        return Err(other_types());
    };
    let mut failed = None;
    // Continues after a failure, so that no resource is left without an owner.
    let mut hold = |resource: ResourceAny, name: &str| {
        let held = kinds
            .number(name)
            .and_then(|kind| Remote::hold(store, session, resource, kind));
        Ok(held.unwrap_or_else(|error| {
            failed.get_or_insert(error);
            resource
        }))
    };
    let result = replace(result, result_ty, &mut hold)?;
    failed.map_or(Ok(result), Err)
}

type Replace<'a> = dyn FnMut(ResourceAny, &str) -> wasmtime::Result<ResourceAny> + 'a;

/// Returns the value with each of its handles replaced by `with`.
fn replace(value: &Val, ty: &Type, with: &mut Replace<'_>) -> wasmtime::Result<Val> {
    Ok(match (value, ty) {
        (Val::Resource(handle), Type::Own(name) | Type::Borrow(name)) => {
            Val::Resource(with(*handle, name)?)
        }
        (Val::List(items), Type::List(ty)) => {
            Val::List(all(items.iter().map(|item| (item, &**ty)), with)?)
        }
        (Val::FixedLengthList(items), Type::FixedLengthList(ty, _)) => {
            Val::FixedLengthList(all(items.iter().map(|item| (item, &**ty)), with)?)
        }
        (Val::Tuple(items), Type::Tuple(types)) => Val::Tuple(all(items.iter().zip(types), with)?),
        (Val::Map(entries), Type::Map(key, ty)) => {
            let entry = |(k, v): &(Val, Val)| Ok((replace(k, key, with)?, replace(v, ty, with)?));
            Val::Map(entries.iter().map(entry).collect::<wasmtime::Result<_>>()?)
        }
        (Val::Record(values), Type::Record(fields)) => {
            let field = |((name, value), field): (&(String, Val), &Field)| {
                Ok((name.clone(), replace(value, &field.ty, with)?))
            };
            Val::Record(
                values
                    .iter()
                    .zip(fields)
                    .map(field)
                    .collect::<wasmtime::Result<_>>()?,
            )
        }
        (Val::Variant(name, payload), Type::Variant(cases)) => {
            let case = cases
                .iter()
                .find(|case| case.name == *name)
                .and_then(|case| case.ty.as_ref());
            Val::Variant(name.clone(), inside(payload, case, with)?)
        }
        (Val::Option(payload), Type::Option(ty)) => Val::Option(inside(payload, Some(ty), with)?),
        (Val::Result(Ok(payload)), Type::Result { ok, .. }) => {
            Val::Result(Ok(inside(payload, ok.as_deref(), with)?))
        }
        (Val::Result(Err(payload)), Type::Result { err, .. }) => {
            Val::Result(Err(inside(payload, err.as_deref(), with)?))
        }
        (Val::Resource(_), _) => return Err(other_types()),
        (plain, _) => plain.clone(),
    })
}

fn all<'a>(
    items: impl Iterator<Item = (&'a Val, &'a Type)>,
    with: &mut Replace<'_>,
) -> wasmtime::Result<Vec<Val>> {
    items.map(|(item, ty)| replace(item, ty, with)).collect()
}

fn inside(
    payload: &Option<Box<Val>>,
    ty: Option<&Type>,
    with: &mut Replace<'_>,
) -> wasmtime::Result<Option<Box<Val>>> {
    let Some((payload, ty)) = payload.as_deref().zip(ty) else {
        return Ok(None);
    };
    Ok(Some(Box::new(replace(payload, ty, with)?)))
}

fn apart(ty: &Function) -> wasmtime::Error {
    let message = format!(
        "`{}` received resources of different instances: some were opened before an update; open them again",
        ty.name
    );
    LinkFailed(Error::new(ErrorKind::ResourceLost, message)).into()
}
