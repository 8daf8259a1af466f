//! The editor, which is unaware of plugins and of WebAssembly.

use std::sync::{Arc, Mutex, PoisonError};

/// An open text. Clones are views of the same text.
#[derive(Clone, Default)]
#[allow(
    unreachable_pub,
    reason = "`bindgen!` re-exports the types of resources"
)]
pub struct Document(Arc<Mutex<String>>);

impl Document {
    pub(crate) fn text(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn append(&self, text: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(text);
    }
}

/// An editor with one open document.
#[derive(Clone, Default)]
pub(crate) struct Editor {
    document: Document,
}

impl Editor {
    pub(crate) fn current(&self) -> Document {
        self.document.clone()
    }

    pub(crate) fn show(&self, line: &str) {
        println!("[{line}]");
    }
}
