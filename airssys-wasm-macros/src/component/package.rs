//! Defaults from the Cargo package for missing arguments.
//!
//! Tests: in this file.

use airssys_wasm_core::ComponentName;
use proc_macro2::{Span, TokenStream};
use quote::quote;

use super::arguments::ComponentArguments;
use crate::errors::MacroErrors;

/// The metadata of the package that is being compiled.
#[derive(Default)]
pub(crate) struct CargoPackage {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) description: Option<String>,
}

impl CargoPackage {
    /// Reads the metadata that Cargo passes to the compiler.
    pub(crate) fn from_environment() -> Self {
        let read = |name| std::env::var(name).ok();
        Self {
            name: read("CARGO_PKG_NAME"),
            version: read("CARGO_PKG_VERSION"),
            description: read("CARGO_PKG_DESCRIPTION"),
        }
    }

    /// Generates code that makes Cargo rebuild when the description changes. Cargo does this for
    /// name and version, but does not track the variables that a macro reads.
    pub(super) fn rebuild_trigger() -> TokenStream {
        quote! {
            const _: ::core::option::Option<&str> = ::core::option_env!("CARGO_PKG_DESCRIPTION");
        }
    }

    /// Fills in missing arguments, and drops an empty description.
    pub(super) fn fill_in_defaults(
        &self,
        arguments: &mut ComponentArguments,
        errors: &mut MacroErrors,
    ) {
        if !arguments.is_given("name") {
            arguments.metadata.name = self.component_name(errors);
        }
        if !arguments.is_given("version") {
            arguments.metadata.version = self
                .version
                .as_ref()
                .and_then(|version| version.parse().ok());
        }
        if !arguments.is_given("description") {
            arguments.metadata.description = self.description.clone();
        }
        arguments
            .metadata
            .description
            .take_if(|description| description.is_empty());
    }

    fn component_name(&self, errors: &mut MacroErrors) -> Option<ComponentName> {
        let name = self.name.as_ref()?;
        let parsed = name.parse();
        if let Err(error) = &parsed {
            let message = format!(
                "the package name is not a valid component name: {error}; write `#[component(name = \"...\")]`"
            );
            errors.push(syn::Error::new(Span::call_site(), message));
        }
        parsed.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> CargoPackage {
        CargoPackage {
            name: Some("a".into()),
            version: Some("1.0.0".into()),
            description: Some(String::new()),
        }
    }

    #[test]
    fn fills_in_only_what_is_missing() {
        let mut errors = MacroErrors::default();
        let mut arguments = ComponentArguments::read(quote!(version = "2.0.0"), &mut errors);
        package().fill_in_defaults(&mut arguments, &mut errors);
        assert_eq!(
            arguments.metadata.to_section(),
            "airssys:component 1\nname a\nversion 2.0.0\n"
        );
    }

    #[test]
    fn does_not_replace_what_is_wrong() {
        let mut errors = MacroErrors::default();
        let mut arguments = ComponentArguments::read(quote!(name = "A"), &mut errors);
        package().fill_in_defaults(&mut arguments, &mut errors);
        assert_eq!(arguments.metadata.name, None);
        assert_eq!(errors.messages().len(), 1);
    }

    #[test]
    fn a_package_may_have_a_name_that_a_component_may_not() {
        let mut errors = MacroErrors::default();
        let package = CargoPackage {
            name: Some("My-Crate".into()),
            ..package()
        };
        package.fill_in_defaults(&mut ComponentArguments::default(), &mut errors);
        assert!(
            errors.messages()[0].contains("write `#[component(name"),
            "{:?}",
            errors.messages()
        );
    }
}
