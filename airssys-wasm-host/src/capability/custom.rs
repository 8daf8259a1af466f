//! Capabilities of the embedder: interfaces of their own, under grants of their own kind.
//!
//! The host links the interfaces, decides, and records. The provider defines what the words of a
//! grant mean.
//! Tests: `examples/custom-capability`, `tests/suite/embedding/mistakes.rs`.

use std::fmt;

use airssys_wasm_core::policy::Operation;
use wasmtime::component::Linker;

use super::baseline::InstanceBaseline;
use crate::InstanceState;

/// A capability that an embedder provides, with rules of its own kind. See the example
/// `custom-capability` for a complete one.
///
/// [`HostBuilder::imports`](crate::HostBuilder::imports) provides interfaces without rules, which
/// every component may use. [`HostBuilder::build`](crate::HostBuilder::build) reports mistakes in
/// both.
pub trait Provider: Send + Sync + 'static {
    /// Returns the word that its rules begin with, a namespaced name: `acme:gpu/compute`.
    fn kind(&self) -> &'static str;

    /// Returns the interfaces it links, named as in the WIT that they were generated from, with the
    /// version if the package has one: `acme:gpu/compute@1.0.0`. A provider may link several
    /// versions. A component that imports a version compatible by semver gets this one, if its
    /// types fit.
    fn interfaces(&self) -> &'static [&'static str];

    /// Returns the functions, resources and inline interfaces it links that a world imports without
    /// a package, by their plain names: `print`. Empty by default.
    fn functions(&self) -> &'static [&'static str] {
        &[]
    }

    /// Checks the words of a rule, when a component is deployed that requests the rule or is
    /// granted it.
    ///
    /// # Errors
    ///
    /// A message that names what is wrong with them and what to write instead.
    fn check(&self, words: &str) -> Result<(), String>;

    /// Links the interfaces. Every function that reaches outside the instance must call
    /// [`InstanceState::ask`] first.
    ///
    /// # Errors
    ///
    /// The errors of the linker.
    fn link(&self, linker: &mut Linker<InstanceState>) -> wasmtime::Result<()>;
}

/// The error for a guest that may not do what it tried. Gives no reason: the reason is for the
/// operator and is in the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAllowed;

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not allowed")
    }
}

impl std::error::Error for NotAllowed {}

impl InstanceState {
    /// Decides whether this instance may perform an operation of a provider's kind, and records the
    /// decision. `allows` returns `true` if the words of a rule cover the operation.
    ///
    /// # Errors
    ///
    /// [`NotAllowed`] unless a request and a grant cover the operation, and no deny does.
    pub fn ask(
        &self,
        kind: &'static str,
        target: impl Into<String>,
        allows: impl Fn(&str) -> bool,
    ) -> Result<(), NotAllowed> {
        let operation = Operation::Custom {
            kind: kind.into(),
            target: target.into(),
        };
        let InstanceBaseline { caller, .. } = self.slot();
        caller
            .authority
            .ask_custom(operation, &allows, caller.call())
            .map_err(|_| NotAllowed)
    }
}
