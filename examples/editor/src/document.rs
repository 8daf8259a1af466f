//! The editor: it knows nothing of plugins or of WebAssembly.

use std::sync::{Arc, Mutex, PoisonError};

/// A text that is open. Cloning it gives another view of the same text.
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

/// An editor with one document open.
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
