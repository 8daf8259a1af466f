//! Exports `acme:store/kv` in its first version.

wit_bindgen::generate!({
    inline: "
        package acme:store@1.2.0;

        interface kv {
            record entry { key: string, tags: list<string>, size: option<u32> }

            version: func() -> string;
            add: func(a: u32, b: u32) -> u32;
            echo: func(data: list<u8>) -> list<u8>;
            describe: func(entry: entry) -> entry;
            check: func(key: string) -> result<string, string>;
            sleep: func(ms: u64);
            trap: func();
        }

        world store {
            export kv;
        }
    ",
});

use exports::acme::store::kv::{Entry, Guest};

struct Store;

export!(Store);

impl Guest for Store {
    fn version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    fn add(a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }

    fn echo(data: Vec<u8>) -> Vec<u8> {
        data
    }

    fn describe(entry: Entry) -> Entry {
        Entry {
            tags: entry.tags.into_iter().rev().collect(),
            ..entry
        }
    }

    fn check(key: String) -> Result<String, String> {
        if key.is_empty() {
            Err("the key is empty".into())
        } else {
            Ok(key)
        }
    }

    fn sleep(ms: u64) {
        std::thread::sleep(std::time::Duration::from_millis(ms));
    }

    fn trap() {
        panic!("trapped as asked");
    }
}
