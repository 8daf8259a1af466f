//! A function with Rust types.
//!
//! Tests: `tests/suite/calls.rs`.

use std::sync::Arc;

use airssys_wasm_core::{ComponentName, FunctionName};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{ComponentNamedList, Lift, Lower, TypedFunc};

use wasmtime::StoreContextMut;

use super::{Handle, exit, lookup_hint};
use crate::call::{CallTree, SessionAdmission};
use crate::clock::Ticks;
use crate::deployment::DeploymentEntry;
use crate::instance::{Instance, InstanceState};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// A typed function that survives updates. Cloning is cheap.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use airssys_wasm_host::{Component, Host};
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/adder.wat"));
/// # let adder = Component::from_bytes(wat::parse_str(text)?)?.with_name("adder")?;
///
/// let host = Host::builder().build()?;
/// let deployment = host.deploy(adder).await?;
/// let double = deployment.function::<(u32,), (u32,)>("demo:math/api#double")?;
/// assert_eq!(double.call((21,)).await?, (42,));
/// # Ok(()) }
/// ```
pub struct Function<Params, Results>(Arc<Handle<TypedFunc<Params, Results>>>);

impl<Params, Results> Clone for Function<Params, Results> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Params, Results> Function<Params, Results>
where
    Params: ComponentNamedList + Lower + Send + Sync + 'static,
    Results: ComponentNamedList + Lift + Send + Sync + 'static,
{
    pub(crate) fn new(deployment: &Arc<DeploymentEntry>, name: FunctionName) -> Result<Self> {
        Self::for_caller(deployment, name, None)
    }

    /// Creates a function that is called by `caller`, a linked deployment or a pipeline, if given.
    pub(crate) fn for_caller(
        deployment: &Arc<DeploymentEntry>,
        name: FunctionName,
        caller: Option<ComponentName>,
    ) -> Result<Self> {
        let sought = name.clone();
        let find = Box::new(move |revision: &Revision, instance: &mut Instance| {
            find(revision, instance, &sought)
        });
        let handle = Handle::new(deployment, name.to_string(), find, caller);
        Ok(Self(handle.register_checked(|revision| {
            check::<Params, Results>(revision, &name)
        })?))
    }

    /// Calls the function on the revision that is active at this moment.
    ///
    /// Cancel safe: dropping the future ends the call and discards the instance it ran on. What the
    /// guest did before that is not undone.
    ///
    /// # Errors
    ///
    /// [`Trapped`](ErrorKind::Trapped), [`DeadlineExceeded`](ErrorKind::DeadlineExceeded) and
    /// [`FuelExhausted`](ErrorKind::FuelExhausted) if the call was stopped before it returned;
    /// [`Exited`](ErrorKind::Exited) if the guest exited with failure, or with success where the
    /// function has a result to return; [`HostFunctionFailed`](ErrorKind::HostFunctionFailed) if a
    /// function that the host provides failed; [`StartFailed`](ErrorKind::StartFailed) if the call
    /// needed a new instance that did not start, and [`OverBudget`](ErrorKind::OverBudget) if there
    /// was no memory for it; [`NotDeployed`](ErrorKind::NotDeployed) after the deployment was
    /// removed, and [`HostDropped`](ErrorKind::HostDropped) after its host was dropped.
    ///
    /// If the guest called another component and that call failed, the error has the kind of that
    /// failure: one of those above, [`NotGranted`](ErrorKind::NotGranted),
    /// [`Reentrant`](ErrorKind::Reentrant) or [`ResourceLost`](ErrorKind::ResourceLost).
    ///
    /// An update ends no call. While a [`Recreate`](crate::Strategy::Recreate) replaces the revision,
    /// calls wait; one that waits beyond its deadline fails with
    /// [`DeadlineExceeded`](ErrorKind::DeadlineExceeded).
    ///
    /// # Panics
    ///
    /// If called outside a tokio runtime and the call has to wait.
    pub fn call(&self, params: Params) -> impl Future<Output = Result<Results>> + Send {
        self.0.call(
            async move |function, store| function.call_async(store, params).await,
            exit::typed_exit_result,
        )
    }

    /// Calls the function with parameters that are created in the instance that serves the call,
    /// such as handles to resources in its [`table`](InstanceState::table).
    ///
    /// ```no_run
    /// use airssys_wasm_host::wasmtime::component::Resource;
    /// use airssys_wasm_host::{Deployment, Function, Result};
    ///
    /// struct Document;
    ///
    /// # async fn program(deployment: Deployment) -> Result<()> {
    /// let edit: Function<(Resource<Document>,), (u32,)> = deployment.function("edit")?;
    /// let (edits,) = edit.call_with(|instance| Ok((instance.table().push(Document)?,))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call). An error of `params` ends the call before the guest runs.
    ///
    /// # Panics
    ///
    /// If called outside a tokio runtime and the call has to wait.
    pub fn call_with(
        &self,
        params: impl FnOnce(&mut InstanceState) -> wasmtime::Result<Params> + Send,
    ) -> impl Future<Output = Result<Results>> + Send {
        let run = async move |function: &TypedFunc<Params, Results>,
                              mut store: StoreContextMut<'_, InstanceState>| {
            let params = params(store.data_mut())?;
            function.call_async(store, params).await
        };
        self.0.call(run, exit::typed_exit_result)
    }

    /// Calls the function on behalf of a call of another component.
    pub(crate) async fn call_linked(
        &self,
        tree: &Arc<CallTree>,
        bound: Ticks,
        session: Option<&SessionAdmission<'_>>,
        params: Params,
    ) -> Result<Results> {
        let run = async move |function: &TypedFunc<Params, Results>,
                              store: StoreContextMut<'_, InstanceState>| {
            function.call_async(store, params).await
        };
        self.0
            .call_linked(tree, bound, session, run, exit::typed_exit_result)
            .await
    }
}

fn find<Params, Results>(
    revision: &Revision,
    instance: &mut Instance,
    name: &FunctionName,
) -> Result<TypedFunc<Params, Results>>
where
    Params: ComponentNamedList + Lower,
    Results: ComponentNamedList + Lift,
{
    let index = revision.export(instance, name)?;
    instance
        .wasm
        .get_typed_func(&mut instance.store, index)
        .map_err(|error| mismatch(revision, name, &error))
}

/// Checks the types without an instance.
fn check<Params, Results>(revision: &Revision, name: &FunctionName) -> Result<()>
where
    Params: ComponentNamedList + Lower,
    Results: ComponentNamedList + Lift,
{
    let exact = &revision.function(name)?.name;
    let compiled = revision.program.compiled();
    let function = component_func(compiled, exact).ok_or_else(|| revision.not_compiled(name))?;
    function
        // The linked component, so that a resource of the host has the type that the host gave it.
        .typecheck::<Params, Results>(&revision.program.linked().instance_type())
        .map_err(|error| mismatch(revision, name, &error))
}

fn component_func(
    compiled: &wasmtime::component::Component,
    name: &FunctionName,
) -> Option<ComponentFunc> {
    let engine = compiled.engine();
    let component = compiled.component_type();
    let item = match name.interface() {
        None => component.get_export(engine, name.function())?.ty,
        Some(interface) => match component.get_export(engine, interface)?.ty {
            ComponentItem::ComponentInstance(instance) => {
                instance.get_export(engine, name.function())?.ty
            }
            _ => return None,
        },
    };
    match item {
        ComponentItem::ComponentFunc(function) => Some(function),
        _ => None,
    }
}

fn mismatch(revision: &Revision, name: &FunctionName, error: &wasmtime::Error) -> Error {
    let Ok(function) = revision.function(name) else {
        return revision.not_compiled(name);
    };
    let message = format!(
        "`{name}` of {revision} is `{}`, but the Rust types differ: {error:#}; {}",
        function.signature(),
        lookup_hint::advice(function)
    );
    Error::new(ErrorKind::TypeMismatch, message)
}
