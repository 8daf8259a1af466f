//! No SDK: functions that accept and return streams, with wit-bindgen alone.

use wit_bindgen::rt::async_support::{StreamReader, StreamWriter};
use wit_bindgen::{StreamResult, spawn_local};

wit_bindgen::generate!({
    inline: "
        package demo:plain-streams;

        world plain-streams {
            /// Converts text to upper case as it arrives.
            export upper: async func(text: stream<u8>) -> stream<u8>;
            /// Splits text into lines without their ends.
            export lines: async func(text: stream<u8>) -> stream<string>;
            /// Returns the number of bytes of each text.
            export measure: async func(texts: stream<string>) -> stream<u32>;
            /// Returns the sum of all numbers.
            export sum: async func(numbers: stream<u32>) -> u64;
            /// Returns `count` numbers from 0 on.
            export numbers: async func(count: u32) -> stream<u32>;
            /// Returns `count` numbers from 0 on, or an error if `count` is 0.
            export some-numbers: async func(count: u32) -> result<stream<u32>, string>;
            /// Passes some chunks on and aborts.
            export break-after: async func(bytes: stream<u8>) -> stream<u8>;
            /// Reads one element and drops the stream.
            export first: async func(numbers: stream<u32>) -> u32;
            /// Neither reads nor drops the stream.
            export keep: async func(bytes: stream<u8>) -> u32;
        }
    ",
});

const CHUNK: usize = 4096;

struct Streams;

export!(Streams);

impl Guest for Streams {
    async fn upper(text: StreamReader<u8>) -> StreamReader<u8> {
        mapped(text, |mut chunk| {
            chunk.make_ascii_uppercase();
            chunk
        })
    }

    async fn lines(mut text: StreamReader<u8>) -> StreamReader<String> {
        let (mut to, lines) = wit_stream::new();
        spawn_local(async move {
            let mut rest = Vec::new();
            while let Some(chunk) = next(&mut text).await {
                rest.extend(chunk);
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line = rest.drain(..=end).collect::<Vec<u8>>();
                    to.write_one(String::from_utf8_lossy(&line[..end]).into_owned())
                        .await;
                }
            }
            if !rest.is_empty() {
                to.write_one(String::from_utf8_lossy(&rest).into_owned())
                    .await;
            }
        });
        lines
    }

    async fn measure(mut texts: StreamReader<String>) -> StreamReader<u32> {
        let (mut to, lengths) = wit_stream::new();
        spawn_local(async move {
            while let Some(text) = texts.next().await {
                to.write_one(u32::try_from(text.len()).unwrap_or(u32::MAX))
                    .await;
            }
        });
        lengths
    }

    async fn sum(mut numbers: StreamReader<u32>) -> u64 {
        let mut sum = 0;
        while let Some(chunk) = next(&mut numbers).await {
            sum += chunk.into_iter().map(u64::from).sum::<u64>();
        }
        sum
    }

    async fn numbers(count: u32) -> StreamReader<u32> {
        let (to, numbers) = wit_stream::new();
        spawn_local(write_numbers(to, count));
        numbers
    }

    async fn some_numbers(count: u32) -> Result<StreamReader<u32>, String> {
        match count {
            0 => Err("the count is 0".into()),
            count => Ok(Self::numbers(count).await),
        }
    }

    async fn break_after(bytes: StreamReader<u8>) -> StreamReader<u8> {
        let mut passed = 0;
        mapped(bytes, move |chunk| {
            passed += chunk.len();
            assert!(passed <= 2 * CHUNK, "enough");
            chunk
        })
    }

    async fn first(mut numbers: StreamReader<u32>) -> u32 {
        numbers.next().await.unwrap_or_default()
    }

    async fn keep(bytes: StreamReader<u8>) -> u32 {
        std::mem::forget(bytes);
        7
    }
}

fn mapped(
    mut from: StreamReader<u8>,
    mut change: impl FnMut(Vec<u8>) -> Vec<u8> + 'static,
) -> StreamReader<u8> {
    let (mut to, changed) = wit_stream::new();
    spawn_local(async move {
        while let Some(chunk) = next(&mut from).await {
            if !to.write_all(change(chunk)).await.is_empty() {
                return;
            }
        }
    });
    changed
}

async fn write_numbers(mut to: StreamWriter<u32>, count: u32) {
    let numbers: Vec<u32> = (0..count).collect();
    for chunk in numbers.chunks(CHUNK) {
        if !to.write_all(chunk.to_vec()).await.is_empty() {
            return;
        }
    }
}

/// Returns the next chunk, or `None` at the end.
async fn next<T>(stream: &mut StreamReader<T>) -> Option<Vec<T>> {
    match stream.read(Vec::with_capacity(CHUNK)).await {
        (StreamResult::Complete(_), chunk) => Some(chunk),
        _ => None,
    }
}
