//! What one provider of the embedder's links, as the linker and the checks of a deploy see it.
//!
//! A provider with rules has a kind, and asks before each use; one without is open to every
//! component that imports it. Tests: the workspace's `tests/suite/embedding`.

use std::sync::Arc;

use airssys_wasm_core::world::{Function, InterfaceName};
use wasmtime::component::Linker;

use super::Provider;
use crate::InstanceState;

/// The providers of a host.
pub(crate) type Providers = Arc<[Provided]>;

/// Adds a provider's functions to a linker.
type Link = Box<dyn Fn(&mut Linker<InstanceState>) -> wasmtime::Result<()> + Send + Sync>;

/// The imports that one provider links.
pub(crate) struct Provided {
    rules: Option<Arc<dyn Provider>>,
    /// Interfaces, and plain names of what stands in a world itself.
    imports: Vec<InterfaceName>,
    link: Link,
    /// Whether it links only where `async` functions can run.
    pub(crate) needs_concurrency: bool,
}

impl Provided {
    /// Provides imports under rules of their own.
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

    /// Provides imports to every component.
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

    /// The provider, if its rules are of this kind.
    pub(crate) fn rules_of(&self, kind: &str) -> Option<&dyn Provider> {
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

    /// The provider as messages name it.
    pub(crate) fn label(&self) -> String {
        match (&self.rules, self.imports.first()) {
            (Some(provider), _) => format!("the provider of `{}`", provider.kind()),
            (None, Some(first)) => format!("the provider of `{first}`"),
            (None, None) => "a provider of nothing".into(),
        }
    }
}

/// Whether one of the providers links what is imported under this name.
pub(crate) fn provides<'a>(
    providers: impl IntoIterator<Item = &'a Provided>,
    name: &InterfaceName,
) -> bool {
    let mut imports = providers.into_iter().flat_map(Provided::imports);
    imports.any(|provided| provided.is_compatible(name))
}

/// Whether one of the providers links a function that is imported at world level, or the
/// resource that it is a method of.
pub(crate) fn provides_function<'a>(
    providers: impl IntoIterator<Item = &'a Provided>,
    function: &Function,
) -> bool {
    provides(
        providers,
        &InterfaceName::new(plain_name(function.name.function())),
    )
}

/// `document` of `[method]document.text`; other names are plain as they are.
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
