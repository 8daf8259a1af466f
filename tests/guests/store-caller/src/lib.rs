//! Passes its calls on to another component.

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

        world store-caller {
            import kv;
            export add: func(a: u32, b: u32) -> u32;
            export echo: func(data: list<u8>) -> list<u8>;
            export describe: func(key: string, tags: list<string>) -> list<string>;
            export check: func(key: string) -> result<string, string>;
            /// Returns the version, and the version again after `ms` milliseconds.
            export versions: func(ms: u64) -> tuple<string, string>;
            export sleep: func(ms: u64);
            export trap: func();
        }
    ",
});

use acme::store::kv;

struct Caller;

export!(Caller);

impl Guest for Caller {
    fn add(a: u32, b: u32) -> u32 {
        kv::add(a, b)
    }

    fn echo(data: Vec<u8>) -> Vec<u8> {
        kv::echo(&data)
    }

    fn describe(key: String, tags: Vec<String>) -> Vec<String> {
        let entry = kv::describe(&kv::Entry {
            key,
            tags,
            size: Some(7),
        });
        entry
            .tags
            .into_iter()
            .chain([entry.key, format!("{:?}", entry.size)])
            .collect()
    }

    fn check(key: String) -> Result<String, String> {
        kv::check(&key)
    }

    fn versions(ms: u64) -> (String, String) {
        let first = kv::version();
        std::thread::sleep(std::time::Duration::from_millis(ms));
        (first, kv::version())
    }

    fn sleep(ms: u64) {
        kv::sleep(ms);
    }

    fn trap() {
        kv::trap();
    }
}
