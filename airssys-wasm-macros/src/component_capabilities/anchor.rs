//! An exported symbol that makes a linker take a library's section along.
//!
//! A linker opens an object of a library only for a symbol that it needs, and
//! a static in a custom section is none. An exported function is one: the
//! compiler asks the linker for it, and it lies in the same object, since both
//! have the same module. Without it a library's requests got lost wherever its
//! code was inlined (measured: dev and release builds without `lto`).
//! Tests: the golden expansions of `component_capabilities`, and the guest
//! `capabilities-declared`, whose library has no other symbol in that object.

use airssys_wasm_core::section;
use proc_macro2::TokenStream;
use quote::quote;

/// The package in which the macro is used, for a symbol like no other.
#[derive(Default)]
pub(crate) struct Origin {
    pub(super) package: String,
}

impl Origin {
    /// The package that is being compiled.
    pub(crate) fn from_environment() -> Self {
        let read = |name| std::env::var(name).unwrap_or_default();
        Self {
            package: format!("{}@{}", read("CARGO_PKG_NAME"), read("CARGO_PKG_VERSION")),
        }
    }

    /// An exported function that does nothing. Its symbol has the name of the item
    /// that the macro stands on, if there is one, and the place: a module and a
    /// function may share a name, and so may what stands in two functions.
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
