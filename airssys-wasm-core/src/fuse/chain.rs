//! The chain of stages to fuse, as the caller specifies it.
//!
//! Tests: `airssys-wasm-core/tests/fuse`.

use super::{FuseError, assemble, plan};
use crate::{Component, FunctionName};

/// A chain of functions of several components, each called with the result of the previous one.
///
/// Every stage except the first has one parameter, of the type that the previous stage returns. If
/// that type is a `result<T, E>` and the next stage takes a `T`, the chain continues with the `ok`
/// payload and ends early on `err`; the chain then returns a `result` itself.
///
/// ```
/// use airssys_wasm_core::Component;
/// use airssys_wasm_core::fuse::Chain;
///
/// let double = Component::from_bytes(wat::parse_str(r#"
///     (component
///       (core module $m
///         (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))
///       (core instance $i (instantiate $m))
///       (func (export "double") (param "n" u32) (result u32) (canon lift (core func $i "f"))))
/// "#)?)?;
/// let chain = Chain::new("run").stage(double.clone(), "double".parse()?).stage(double, "double".parse()?);
/// let fused = Component::from_bytes(chain.fuse()?)?;
/// let run = fused.world().function(&"run".parse()?)?;
/// assert_eq!(run.to_string(), "run: func(n: u32) -> u32");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chain {
    pub(super) export: String,
    pub(super) stages: Vec<ChainStage>,
}

/// A function of a component.
#[derive(Clone, Debug)]
pub(super) struct ChainStage {
    pub(super) component: Component,
    pub(super) function: FunctionName,
}

impl Chain {
    /// Creates a chain without stages. The fused component will export one function named `export`.
    #[must_use]
    pub fn new(export: &str) -> Self {
        Self {
            export: export.to_owned(),
            stages: Vec::new(),
        }
    }

    /// Adds a stage. Each stage gets its own instance, even if several stages use the same
    /// component.
    #[must_use]
    pub fn stage(mut self, component: Component, function: FunctionName) -> Self {
        self.stages.push(ChainStage {
            component,
            function,
        });
        self
    }

    /// Fuses the stages into one component and returns its bytes.
    ///
    /// The component imports what the stages import, each interface once, and has neither a name
    /// nor a version. It requests no capabilities: if every stage has an empty list of requests,
    /// the fused component gets an empty list too. An empty list embedded in a single stage already
    /// applies to the whole component, because lists are read at every depth.
    ///
    /// # Errors
    ///
    /// Fails with [`FuseError`] if the stages cannot be fused. Stages that request capabilities
    /// are refused, because a grant for one stage would apply to all of them.
    pub fn fuse(&self) -> Result<Vec<u8>, FuseError> {
        let plan = plan::plan(self)?;
        assemble::assemble(self, &plan)
    }
}
