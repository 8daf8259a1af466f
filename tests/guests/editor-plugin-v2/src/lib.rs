//! The next version of `editor-plugin-v1`: counts the words of the document as well.

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
            let words = document.text().split_whitespace().count();
            document.append(&format!(" Signed after {words} words."));
            print(&format!("{} signed: {}", plugin_name(), document.text()));
        });
    }
}
