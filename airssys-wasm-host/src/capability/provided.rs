//! A provider of the embedder, as seen by the linker and by the checks of a deploy.
//!
//! A provider with rules has a kind and asks for permission before each use. A provider without
//! rules is open to every component that imports it.
//! Tests: in this file, `tests/suite/embedding`.

use std::sync::Arc;

use airssys_wasm_core::world::{Function, InterfaceName};
use wasmtime::component::Linker;

use super::Provider;
use crate::InstanceState;

/// The providers of a host.
pub(crate) type Providers = Arc<[LinkedProvider]>;

/// A function that adds a provider's imports to a linker.
type LinkFunction = Box<dyn Fn(&mut Linker<InstanceState>) -> wasmtime::Result<()> + Send + Sync>;

/// The imports that a provider links.
pub(crate) struct LinkedProvider {
    rules: Option<Arc<dyn Provider>>,
    /// Interfaces, and the plain names of what a world imports without a package.
    imports: Vec<InterfaceName>,
    link: LinkFunction,
    /// `true` if it links only where `async` functions can run.
    pub(crate) needs_concurrency: bool,
}

impl LinkedProvider {
    /// Creates a provider of imports under rules of their own kind.
    pub(crate) fn with_rules(provider: impl Provider) -> Self {
        let provider: Arc<dyn Provider> = Arc::new(provider);
        let names = provider.interfaces().iter().chain(provider.functions());
        let imports = names.map(|name| InterfaceName::new(name)).collect();
        let linking = Arc::clone(&provider);
        let link = Box::new(move |linker: &mut Linker<InstanceState>| linking.link(linker));
        Self {
            rules: Some(provider),
            imports,
            link,
            needs_concurrency: false,
        }
    }

    /// Creates a provider of imports that every component may use.
    pub(crate) fn without_rules(
        imports: impl Iterator<Item = String>,
        link: impl Fn(&mut Linker<InstanceState>) -> wasmtime::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let imports = imports.map(|name| InterfaceName::new(&name)).collect();
        Self {
            rules: None,
            imports,
            link: Box::new(link),
            needs_concurrency: false,
        }
    }

    /// Returns the provider, if its rules are of this kind.
    pub(crate) fn provider_of_kind(&self, kind: &str) -> Option<&dyn Provider> {
        self.rules
            .as_deref()
            .filter(|provider| provider.kind() == kind)
    }

    pub(crate) fn imports(&self) -> &[InterfaceName] {
        &self.imports
    }

    pub(crate) fn link(&self, linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
        (self.link)(linker)
    }

    /// Returns the name of the provider for messages.
    pub(crate) fn label(&self) -> String {
        match (&self.rules, self.imports.first()) {
            (Some(provider), _) => format!("the provider of `{}`", provider.kind()),
            (None, Some(first)) => format!("the provider of `{first}`"),
            (None, None) => "a provider without imports".into(),
        }
    }
}

/// Returns `true` if one of the providers links what is imported under this name.
pub(crate) fn provides<'a>(
    providers: impl IntoIterator<Item = &'a LinkedProvider>,
    name: &InterfaceName,
) -> bool {
    let mut imports = providers.into_iter().flat_map(LinkedProvider::imports);
    imports.any(|provided| provided.is_compatible(name))
}

/// Returns `true` if one of the providers links a function that is imported at world level, or the
/// resource that it is a method of.
pub(crate) fn provides_function<'a>(
    providers: impl IntoIterator<Item = &'a LinkedProvider>,
    function: &Function,
) -> bool {
    provides(
        providers,
        &InterfaceName::new(plain_name(function.name.function())),
    )
}

/// Returns `document` for `[method]document.text`, and other names unchanged.
fn plain_name(function: &str) -> &str {
    match function.split_once(']') {
        Some((_, of_resource)) => of_resource.split('.').next().unwrap_or(of_resource),
        None => function,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_belong_to_their_resource() {
        for (function, expected) in [
            ("print", "print"),
            ("[constructor]document", "document"),
            ("[method]document.text", "document"),
            ("[static]document.open", "document"),
        ] {
            assert_eq!(plain_name(function), expected);
        }
    }
}
