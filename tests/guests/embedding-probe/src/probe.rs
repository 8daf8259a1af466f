//! The exports of the probe that both of its worlds share.

use std::cell::{OnceCell, RefCell};

use crate::demo::embedding::documents::{self, Document};
use crate::exports::demo::embedding::probe::Guest;
use crate::{Embedding, plugin_name, print};

thread_local! {
    static CURRENT: OnceCell<Document> = const { OnceCell::new() };
    static OPEN: RefCell<Vec<Document>> = const { RefCell::new(Vec::new()) };
}

impl Guest for Embedding {
    fn who_am_i() -> String {
        plugin_name()
    }

    fn visit() -> u32 {
        documents::visits()
    }

    fn shared() -> String {
        documents::shared()
    }

    fn say(line: String) {
        print(&line);
    }

    fn open(count: u32) {
        let opened = (0..count).map(|number| Document::new(&number.to_string()));
        OPEN.with_borrow_mut(|open| open.extend(opened));
    }

    fn append(text: String) -> String {
        CURRENT.with(|current| {
            let current = current.get_or_init(documents::current);
            current.append(&text);
            current.text()
        })
    }

    fn read(document: &Document) -> String {
        document.text()
    }

    fn take(document: Document) -> String {
        document.text()
    }

    fn give(text: String) -> Document {
        Document::new(&text)
    }

    fn fail() {
        documents::fail();
    }

    fn panic() {
        documents::panic();
    }

    fn wait(milliseconds: u32) {
        documents::wait(milliseconds);
    }
}
