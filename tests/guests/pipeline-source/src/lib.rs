//! No SDK: returns a few sentences, one per call, and then `none`.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

wit_bindgen::generate!({
    inline: "
        package demo:sentences;

        world source {
            export next: func() -> option<string>;
        }
    ",
});

const SENTENCES: [&str; 4] = [
    "What a good day, and what good coffee",
    "The train was late and the seats were awful",
    "It is Tuesday",
    "A great film with a bad ending, but I love it",
];

static GIVEN: AtomicUsize = AtomicUsize::new(0);

struct Source;

export!(Source);

impl Guest for Source {
    fn next() -> Option<String> {
        SENTENCES
            .get(GIVEN.fetch_add(1, Relaxed))
            .map(|sentence| (*sentence).to_owned())
    }
}
