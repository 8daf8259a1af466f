//! What an embedder provides: interfaces of their own, with grants of their own.
//!
//! The host links them, asks and records; what the words of a grant mean is the
//! provider's to say.
//! Tests: the example `custom-capability`, and the workspace's
//! `tests/suite/capabilities/custom`.

use std::fmt;

use airssys_wasm_core::policy::Operation;
use wasmtime::component::Linker;

use crate::InstanceState;

/// A capability that an embedder provides, with rules of its own. See the example
/// `custom-capability` for a whole one.
///
/// [`HostBuilder::imports`](crate::HostBuilder::imports) provides interfaces without rules, which
/// every component may use. [`HostBuilder::build`](crate::HostBuilder::build) finds the mistakes of
/// both.
pub trait Provider: Send + Sync + 'static {
    /// The word that its rules begin with, a namespaced name: `acme:gpu/compute`.
    fn kind(&self) -> &'static str;

    /// The interfaces it links, named as in the WIT that they were generated from, with the
    /// version if the package has one: `acme:gpu/compute@1.0.0`. One provider may link several
    /// versions. A component that imports a version which semver counts as compatible gets this
    /// one, if its types fit.
    fn interfaces(&self) -> &'static [&'static str];

    /// The functions, resources and inline interfaces it links that a world imports without a
    /// package, by their plain names: `print`. None by default.
    fn functions(&self) -> &'static [&'static str] {
        &[]
    }

    /// Checks the words of a rule, when a component is deployed that requests it or is
    /// granted it.
    ///
    /// # Errors
    ///
    /// What is wrong with them, and what to write.
    fn check(&self, words: &str) -> Result<(), String>;

    /// Links the interfaces. Every function that reaches something outside the instance
    /// asks first: [`InstanceState::ask`].
    ///
    /// # Errors
    ///
    /// Those of the linker.
    fn link(&self, linker: &mut Linker<InstanceState>) -> wasmtime::Result<()>;
}

/// A guest may not do what it tried. Says nothing of why: that is for the operator, and
/// on the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAllowed;

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not allowed")
    }
}

impl std::error::Error for NotAllowed {}

impl InstanceState {
    /// Asks whether this instance may do what a provider's own rules speak of, and
    /// records the answer. `allows` says whether the words of a rule speak of it.
    ///
    /// # Errors
    ///
    /// [`NotAllowed`] unless a request and a grant speak of it, and no deny does.
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
        self.authority
            .ask_custom(operation, &allows, self.call())
            .map_err(|_| NotAllowed)
    }
}
