//! No SDK: exports functions with the async ABI, with wit-bindgen alone.

wit_bindgen::generate!({
    inline: "
        package demo:async-exports;

        world async-exports {
            export greet: async func(name: string) -> string;
            /// Yields `times` times.
            export give-way: async func(times: u32) -> u32;
        }
    ",
});

struct Async;

export!(Async);

impl Guest for Async {
    async fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }

    async fn give_way(times: u32) -> u32 {
        for _ in 0..times {
            wit_bindgen::yield_async().await;
        }
        times
    }
}
