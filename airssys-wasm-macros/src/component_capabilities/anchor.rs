//! Generates an exported symbol that makes a linker keep a library's section.
//!
//! A linker loads an object of a library only for a symbol that it needs, and a static in a custom
//! section is not one. An exported function is: the compiler requests it from the linker, and it is
//! in the same object because it is in the same module. Without it, a library's requests were lost
//! wherever its code was inlined (measured in dev and release builds without `lto`). The library of
//! the guest `capabilities-declared` has no other symbol in that object.
//! Tests: `airssys-wasm-macros/src/component_capabilities/mod.rs`,
//! `tests/guests/capabilities-declared`.

use airssys_wasm_core::section;
use proc_macro2::TokenStream;
use quote::quote;

/// The package that uses the macro, which makes symbols unique.
#[derive(Default)]
pub(crate) struct MacroOrigin {
    pub(super) package: String,
}

impl MacroOrigin {
    /// Reads the package that is being compiled.
    pub(crate) fn from_environment() -> Self {
        let read = |name| std::env::var(name).unwrap_or_default();
        Self {
            package: format!("{}@{}", read("CARGO_PKG_NAME"), read("CARGO_PKG_VERSION")),
        }
    }

    /// Generates an exported function that does nothing. Its symbol has the name of the item, if
    /// there is one, and the source position: a module and a function may share a name, and so may
    /// items in two functions.
    pub(super) fn anchor(&self, item: &str) -> TokenStream {
        let package = format!("{} {} ", section::CAPABILITIES, self.package);
        let item = format!("::{item} ");
        quote! {
            #[cfg(target_arch = "wasm32")]
            const _: () = {
                #[unsafe(export_name = ::core::concat!(
                    #package, ::core::module_path!(), #item, ::core::line!(), ":", ::core::column!()
                ))]
                extern "C" fn anchor() {}
            };
        }
    }
}
