//! A function whose types are known only at run time.
//!
//! Tests: `tests/suite/calls.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use airssys_wasm_core::world::{Function as FunctionType, Type};
use airssys_wasm_core::{ComponentName, FunctionName, Value};
use wasmtime::StoreContextMut;
use wasmtime::component::{Func, Val};

use super::{Handle, exit, values};
use crate::call::{CallTree, SessionAdmission, SessionCall};
use crate::clock::Ticks;
use crate::deployment::DeploymentEntry;
use crate::instance::{Instance, InstanceState};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// A dynamic function that survives updates. Cloning is cheap.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use airssys_wasm_host::{Component, Host, Value};
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/adder.wat"));
/// # let adder = Component::from_bytes(wat::parse_str(text)?)?.with_name("adder")?;
///
/// let host = Host::builder().build()?;
/// let double = host.deploy(adder).await?.dynamic_function("double")?;
/// assert_eq!(double.call(&[Value::U32(21)]).await?, Some(Value::U32(42)));
/// assert_eq!(double.call_wave("(21)").await?.as_deref(), Some("42"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DynamicFunction {
    handle: Arc<Handle<Func>>,
    ty: Arc<FunctionType>,
}

impl DynamicFunction {
    pub(crate) fn new(deployment: &Arc<DeploymentEntry>, name: FunctionName) -> Result<Self> {
        Self::for_caller(deployment, name, None)
    }

    /// Creates a function that is called by `caller`, a pipeline, if given.
    pub(crate) fn for_caller(
        deployment: &Arc<DeploymentEntry>,
        name: FunctionName,
        caller: Option<ComponentName>,
    ) -> Result<Self> {
        let (handle, ty) = handle(deployment, name, caller, check_values)?;
        Ok(Self { handle, ty })
    }

    /// Creates a function that is called through a link. It may take and return handles, which
    /// [`call_linked`](Self::call_linked) does not translate.
    pub(crate) fn for_link(
        deployment: &Arc<DeploymentEntry>,
        name: FunctionName,
        caller: ComponentName,
    ) -> Result<Self> {
        let (handle, ty) = handle(deployment, name, Some(caller), |_| Ok(()))?;
        Ok(Self { handle, ty })
    }

    /// Returns the WIT type of the function.
    #[must_use]
    pub fn ty(&self) -> &FunctionType {
        &self.ty
    }

    /// Calls the function with values.
    ///
    /// Cancel safe, as [`Function::call`](crate::Function::call) is.
    ///
    /// # Errors
    ///
    /// [`TypeMismatch`](ErrorKind::TypeMismatch), with both types and the place, before anything
    /// runs if the arguments do not fit; otherwise those of
    /// [`Function::call`](crate::Function::call).
    ///
    /// # Panics
    ///
    /// If called outside a tokio runtime and the call has to wait.
    pub async fn call(&self, arguments: &[Value]) -> Result<Option<Value>> {
        self.check_arguments(arguments)?;
        let typed = self.ty.params.iter().zip(arguments);
        let params: Vec<_> = typed
            .map(|(param, argument)| values::to_wasm(argument, &param.ty))
            .collect();
        let wants_result = self.ty.result.is_some();
        let run = async move |function: &Func, store: StoreContextMut<'_, InstanceState>| {
            let mut results = vec![Val::Bool(false); usize::from(wants_result)];
            function.call_async(store, &params, &mut results).await?;
            Ok(results.pop())
        };
        let result = self
            .handle
            .call(run, || exit::dynamic_exit_result(&self.ty))
            .await?;
        result.map(values::from_wasm).transpose()
    }

    /// Calls the function with arguments as WAVE text, such as `("Ada", 36)`. Returns the result as
    /// WAVE text.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call), with the column in the text.
    ///
    /// # Panics
    ///
    /// If called outside a tokio runtime and the call has to wait.
    pub async fn call_wave(&self, arguments: &str) -> Result<Option<String>> {
        let arguments = self.ty.arguments_from_wave(arguments)?;
        Ok(self.call(&arguments).await?.map(|value| value.to_wave()))
    }

    /// Calls the function with values of its type. Stores the number of the revision that serves
    /// the call in `revision`, even if the call fails.
    pub(crate) async fn call_recording_revision(
        &self,
        params: Vec<Val>,
        revision: &AtomicU64,
    ) -> Result<Option<Val>> {
        let mut results = vec![Val::Bool(false); usize::from(self.ty.result.is_some())];
        let run = async |function: &Func, store: StoreContextMut<'_, InstanceState>| {
            revision.store(store.data().revision(), Ordering::Relaxed);
            function.call_async(store, &params, &mut results).await
        };
        self.handle.call(run, || self.unit_result()).await?;
        Ok(results.pop())
    }

    /// Calls the function on behalf of a call of another component, with values of its imported
    /// type.
    pub(crate) async fn call_linked(
        &self,
        tree: &Arc<CallTree>,
        bound: Ticks,
        session: Option<&SessionAdmission<'_>>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let run = async move |function: &Func, store: StoreContextMut<'_, InstanceState>| {
            function.call_async(store, params, results).await
        };
        self.handle
            .call_linked(tree, bound, session, run, || self.unit_result())
            .await
    }

    /// Calls the function in the instance in which the caller has resources. Handles among the
    /// values belong to that instance.
    pub(crate) async fn call_in_session(
        &self,
        call: &mut SessionCall<'_>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let run = async move |function: &Func, store: StoreContextMut<'_, InstanceState>| {
            function.call_async(store, params, results).await
        };
        self.handle.call_in_session(call, run).await
    }

    fn unit_result(&self) -> Option<()> {
        self.ty.result.is_none().then_some(())
    }

    fn check_arguments(&self, arguments: &[Value]) -> Result<()> {
        let params = &self.ty.params;
        let mismatch = |problem: String| {
            let message = format!("`{}` is `{}`: {problem}", self.ty.name, self.ty.signature());
            Error::new(ErrorKind::TypeMismatch, message)
        };
        if arguments.len() != params.len() {
            return Err(mismatch(format!(
                "{} arguments were given",
                arguments.len()
            )));
        }
        let problems: Vec<String> = params
            .iter()
            .zip(arguments)
            .filter_map(|(param, argument)| {
                argument
                    .fits(&param.ty)
                    .err()
                    .map(|error| format!("argument `{}`: {error}", param.name))
            })
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(mismatch(problems.join("; ")))
        }
    }
}

/// Creates a handle to a function whose type `check` accepts.
pub(super) fn handle(
    deployment: &Arc<DeploymentEntry>,
    name: FunctionName,
    caller: Option<ComponentName>,
    check: impl Fn(&FunctionType) -> Result<()>,
) -> Result<(Arc<Handle<Func>>, Arc<FunctionType>)> {
    let ty = Arc::new(deployment.callable_revision()?.function(&name)?.clone());
    check(&ty)?;
    let (sought, expected) = (name.clone(), Arc::clone(&ty));
    let find = move |revision: &Revision, instance: &mut Instance| {
        find(revision, instance, &sought, &expected)
    };
    let handle = Handle::new(deployment, name.to_string(), Box::new(find), caller);
    let handle = handle.register_checked(|revision| check_type(revision, &name, &ty))?;
    Ok((handle, ty))
}

fn find(
    revision: &Revision,
    instance: &mut Instance,
    name: &FunctionName,
    expected: &FunctionType,
) -> Result<Func> {
    check_type(revision, name, expected)?;
    let index = revision.export(instance, name)?;
    instance
        .wasm
        .get_func(&mut instance.store, index)
        .ok_or_else(|| revision.not_compiled(name))
}

fn check_type(revision: &Revision, name: &FunctionName, expected: &FunctionType) -> Result<()> {
    let function = revision.function(name)?;
    if !expected.has_same_type(function) {
        return Err(Error::new(
            ErrorKind::TypeMismatch,
            format!(
                "`{name}` of {revision} is `{}`, and callers expect `{}`",
                function.signature(),
                expected.signature()
            ),
        ));
    }
    Ok(())
}

/// Checks that a function has no resources or streams, which belong to an instance and are not
/// values.
fn check_values(ty: &FunctionType) -> Result<()> {
    let bound = |ty: &Type| {
        matches!(
            ty,
            Type::Own(_) | Type::Borrow(_) | Type::Stream(_) | Type::Future(_) | Type::ErrorContext
        )
    };
    match ty.types().find(|part| part.any_part(&bound)) {
        None => Ok(()),
        Some(part) => Err(Error::new(
            ErrorKind::TypeMismatch,
            format!(
                "`{ty}` cannot be called with values: `{part}` belongs to an instance; use generated bindings"
            ),
        )),
    }
}
