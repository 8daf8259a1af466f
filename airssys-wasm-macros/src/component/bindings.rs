//! Generates the module `bindings` next to the struct.
//!
//! The module contains everything that is generated, so that one list of lints covers it. The
//! author's code reaches it through a glob import, which other names shadow.
//! Tests: `airssys-wasm-macros/src/component/mod.rs`, `tests/guests`.

use airssys_wasm_core::section;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::CargoPackage;
use super::arguments::ComponentArguments;
use crate::embed;

/// Generates bindings, exports, embedded metadata and the installation of the logger.
pub(super) fn expand(component: &Ident, arguments: &ComponentArguments) -> TokenStream {
    let generate = generate(arguments);
    let export = export(component);
    let section = embed::section(section::ABOUT, &arguments.metadata.to_section());
    let watch = CargoPackage::rebuild_trigger();
    let logger = install_logger();
    quote! {
        #[allow(dead_code, missing_docs, unreachable_pub, unsafe_code, unused_imports, unused_qualifications)]
        #[allow(clippy::all, clippy::nursery, clippy::pedantic, clippy::restriction)]
        mod bindings {
            #generate
            #export
            #section
            #watch
            #logger
        }
        #[allow(unused_imports, clippy::wildcard_imports)]
        pub(crate) use bindings::*;
    }
}

fn generate(arguments: &ComponentArguments) -> TokenStream {
    let world = arguments.world.generate_options();
    quote_spanned! {arguments.world.span()=>
        ::airssys_wasm_sdk::wit_bindgen::generate!({
            #world
            generate_all,
            runtime_path: "::airssys_wasm_sdk::wit_bindgen::rt",
            export_macro_name: "__exports_of_the_world",
        });
    }
}

/// Uses the span of the struct, so that the compiler reports a missing trait implementation there.
fn export(component: &Ident) -> TokenStream {
    quote_spanned! {Span::call_site().located_at(component.span())=>
        use super::#component as __Component;
        __exports_of_the_world!(__Component with_types_in self);
    }
}

/// Uses a static constructor, which runs before the first export.
fn install_logger() -> TokenStream {
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[used]
            #[unsafe(link_section = ".init_array")]
            static INSTALL: extern "C" fn() = ::airssys_wasm_sdk::__private::install_logger;
        };
    }
}
