//! Holds resources of another component, for a call or for longer.

use std::cell::RefCell;

wit_bindgen::generate!({ path: "../wit/blobs", world: "blobs-user" });

use acme::blobs::shelf;
use acme::blobs::types::{self, Blob};

struct User;

export!(User);

thread_local! {
    static KEPT: RefCell<Vec<Blob>> = const { RefCell::new(Vec::new()) };
}

fn first_kept<R>(run: impl FnOnce(&Blob) -> R) -> R {
    KEPT.with_borrow(|kept| run(&kept[0]))
}

impl Guest for User {
    fn once(text: String) -> String {
        let blob = Blob::new(&text);
        let length = blob.append("!");
        format!("{} {length}", blob.read())
    }

    fn join(parts: Vec<String>) -> String {
        let parts: Vec<Blob> = parts.iter().map(|part| Blob::new(part)).collect();
        Blob::join(&parts.iter().collect::<Vec<_>>()).read()
    }

    fn split(text: String, at: u32) -> Result<(String, String), String> {
        let blob = Blob::new(&text);
        let rest = blob.split(at)?;
        Ok((blob.read(), rest.read()))
    }

    fn many(count: u32) -> Vec<String> {
        let told = |labelled: shelf::Labelled| match labelled.blob {
            Some(blob) => format!("{}: {}", labelled.label, blob.read()),
            None => labelled.label,
        };
        shelf::open_many(count).into_iter().map(told).collect()
    }

    fn consume(text: String) -> String {
        shelf::consume(Blob::new(&text))
    }

    fn keep(text: String) -> u32 {
        KEPT.with_borrow_mut(|kept| {
            kept.push(Blob::new(&text));
            kept.len() as u32
        })
    }

    fn read_kept() -> Vec<String> {
        KEPT.with_borrow(|kept| kept.iter().map(Blob::read).collect())
    }

    fn join_kept() -> String {
        KEPT.with_borrow(|kept| Blob::join(&kept.iter().collect::<Vec<_>>()).read())
    }

    fn read_kept_and_new() -> (String, String) {
        (first_kept(Blob::read), Blob::new("new").read())
    }

    fn drop_kept() {
        KEPT.take();
    }

    fn give_kept() {
        shelf::consume(KEPT.with_borrow_mut(|kept| kept.remove(0)));
    }

    fn leave(text: String) {
        std::mem::forget(Blob::new(&text));
    }

    fn count() -> u32 {
        shelf::count()
    }

    fn count_beside_kept() -> u32 {
        first_kept(shelf::count_beside)
    }

    fn fail_kept() {
        first_kept(Blob::fail);
    }

    fn sleep_kept(ms: u64) {
        first_kept(|blob| blob.sleep(ms));
    }

    fn version() -> String {
        types::version()
    }
}
