//! Generates the static that becomes a custom section of the component.
//!
//! The static is in an unnamed constant, so that a module can contain any number of them, and
//! exists only for WebAssembly, because custom sections have no meaning elsewhere.
//! Tests: `airssys-wasm-macros/src/component/mod.rs`,
//! `airssys-wasm-macros/src/component_capabilities/mod.rs`.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// Generates a section `name` that contains `text`.
pub(crate) fn section(name: &str, text: &str) -> TokenStream {
    let length = text.len();
    let bytes = Literal::byte_string(text.as_bytes());
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[used]
            #[unsafe(link_section = #name)]
            static SECTION: [u8; #length] = *#bytes;
        };
    }
}
