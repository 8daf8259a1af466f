//! The chain as the caller says it.
//!
//! Tests: `tests/compose`.

use super::{ComposeError, assemble, plan};
use crate::{Component, FunctionName};

/// Functions of several components, each called with what the one before returned.
///
/// Every stage but the first has one parameter, of the type that the stage before
/// returns. Where that is a `result<T, E>` and the next stage takes a `T`, the chain
/// goes on with `ok` and ends early with `err`; then it returns a `result` itself.
///
/// ```
/// use airssys_wasm_core::Component;
/// use airssys_wasm_core::compose::Chain;
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
    pub(super) stages: Vec<Stage>,
}

/// One function of one component.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) component: Component,
    pub(super) function: FunctionName,
}

impl Chain {
    /// A chain without stages; what comes of it will export one function of this name.
    #[must_use]
    pub fn new(export: &str) -> Self {
        Self {
            export: export.to_owned(),
            stages: Vec::new(),
        }
    }

    /// Adds a stage. It has instances of its own, even if another stage is the same
    /// component.
    #[must_use]
    pub fn stage(mut self, component: Component, function: FunctionName) -> Self {
        self.stages.push(Stage {
            component,
            function,
        });
        self
    }

    /// Makes one component of the stages, as bytes.
    ///
    /// It imports what the stages import, each interface once, and says neither name nor
    /// version. It requests nothing: if every stage says that it does, so does the
    /// whole, and as soon as one says so no other can ask for anything.
    ///
    /// # Errors
    ///
    /// [`ComposeError`]. Stages that request capabilities are refused: what one of them
    /// is granted the others would have as well.
    pub fn fuse(&self) -> Result<Vec<u8>, ComposeError> {
        let plan = plan::plan(self)?;
        assemble::assemble(self, &plan)
    }
}
