//! A plugin of the example `editor`: obtains the document on its first call, holds it, and signs
//! it.

use std::cell::OnceCell;

use airssys_wasm_sdk::prelude::*;

use demo::editor::documents::{Document, current};

#[component(name = "signer", instancing = stateful, wit = "../../../examples/editor/wit")]
struct Plugin;

thread_local! {
    static DOCUMENT: OnceCell<Document> = const { OnceCell::new() };
}

impl Guest for Plugin {
    fn edit() {
        DOCUMENT.with(|document| {
            let document = document.get_or_init(current);
            document.append(" Signed.");
            print(&format!("{} signed: {}", plugin_name(), document.text()));
        });
    }
}
