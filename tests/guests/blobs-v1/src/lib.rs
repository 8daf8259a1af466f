//! Exports resources to others, with wit-bindgen alone.

use std::cell::{Cell, RefCell};

wit_bindgen::generate!({ path: "../wit/blobs", world: "blobs" });

use exports::acme::blobs::shelf::{self, Labelled};
use exports::acme::blobs::types::{self, Blob, BlobBorrow, GuestBlob};

struct Blobs;

export!(Blobs);

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

struct Text(RefCell<String>);

impl Text {
    fn counted(text: String) -> Self {
        COUNT.set(COUNT.get() + 1);
        Self(RefCell::new(text))
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        COUNT.set(COUNT.get() - 1);
        if *self.0.borrow() == "traps when dropped" {
            panic!("trapped as asked");
        }
    }
}

impl types::Guest for Blobs {
    type Blob = Text;

    fn version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }
}

impl GuestBlob for Text {
    fn new(text: String) -> Self {
        Self::counted(text)
    }

    fn append(&self, text: String) -> u32 {
        self.0.borrow_mut().push_str(&text);
        self.0.borrow().len() as u32
    }

    fn read(&self) -> String {
        format!("{} {}", env!("CARGO_PKG_VERSION"), self.0.borrow())
    }

    fn split(&self, at: u32) -> Result<Blob, String> {
        let at = at as usize;
        if at > self.0.borrow().len() {
            return Err(format!("there are {} bytes", self.0.borrow().len()));
        }
        Ok(Blob::new(Self::counted(self.0.borrow_mut().split_off(at))))
    }

    fn join(parts: Vec<BlobBorrow<'_>>) -> Blob {
        let text = parts
            .iter()
            .map(|part| part.get::<Self>().0.borrow().clone())
            .collect();
        Blob::new(Self::counted(text))
    }

    fn fail(&self) {
        panic!("trapped as asked");
    }

    fn sleep(&self, ms: u64) {
        std::thread::sleep(std::time::Duration::from_millis(ms));
    }
}

impl shelf::Guest for Blobs {
    fn open_many(count: u32) -> Vec<Labelled> {
        let labelled = |n: u32| Labelled {
            label: format!("blob {n}"),
            blob: n
                .is_multiple_of(2)
                .then(|| Blob::new(Text::counted(n.to_string()))),
        };
        (0..count).map(labelled).collect()
    }

    fn consume(blob: Blob) -> String {
        blob.get::<Text>().0.borrow().clone()
    }

    fn count() -> u32 {
        COUNT.get()
    }

    fn count_beside(_: BlobBorrow<'_>) -> u32 {
        COUNT.get()
    }
}
