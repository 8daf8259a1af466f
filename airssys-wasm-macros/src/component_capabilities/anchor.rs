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
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The package whose function is expanded, for a symbol like no other.
#[derive(Default)]
pub(crate) struct Origin {
    pub(super) package: String,
}

impl Origin {
    /// The package that is being compiled.
    pub(crate) fn from_environment() -> Self {
        let read = |name| std::env::var(name).unwrap_or_default();
        Self { package: format!("{}@{}", read("CARGO_PKG_NAME"), read("CARGO_PKG_VERSION")) }
    }

    /// An exported function that does nothing.
    pub(super) fn anchor(&self, function: &Ident) -> TokenStream {
        let package = format!("{} {} ", section::CAPABILITIES, self.package);
        let function = format!("::{function}");
        quote! {
            #[cfg(target_arch = "wasm32")]
            const _: () = {
                #[unsafe(export_name = ::core::concat!(#package, ::core::module_path!(), #function))]
                extern "C" fn anchor() {}
            };
        }
    }
}
