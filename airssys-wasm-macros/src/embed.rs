//! The static that becomes a custom section of the component.
//!
//! Knows nothing of the text it embeds. The static stands in a nameless
//! constant, so that any number of uses fit into one module, and exists for
//! WebAssembly only: elsewhere the section's name would mean nothing.
//! Tests: the golden expansions of both macros.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// A section `name` that holds `text`.
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
