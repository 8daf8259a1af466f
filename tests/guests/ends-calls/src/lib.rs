//! No SDK: functions that end in every way, and print text without a line feed. None is named
//! `exit`, which is a function of the C library.

use std::io::Write as _;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

wit_bindgen::generate!({ inline: "
package test:ends@1.0.0;

world ends {
    export say: func(text: string);
    export say-and-flush: func(text: string);
    export say-to-stderr: func(text: string);
    export say-and-wait: func(text: string, milliseconds: u64);
    export say-and-trap: func(text: string);
    export panic: func(text: string);
    export stop: func(success: bool);
    export stop-with: func(code: u8);
    export stop-from-result: func(success: bool) -> result;
    export stop-from-number: func(success: bool) -> u32;
    export fail: func() -> result<u32, string>;
    export count: func() -> u32;
}
" });

struct Ends;

export!(Ends);

static CALLS: AtomicU32 = AtomicU32::new(0);

fn flush() {
    std::io::stdout().flush().expect("the output is written");
}

impl Guest for Ends {
    fn say(text: String) {
        print!("{text}");
    }

    fn say_and_flush(text: String) {
        print!("{text}");
        flush();
    }

    fn say_to_stderr(text: String) {
        eprint!("{text}");
    }

    fn say_and_wait(text: String, milliseconds: u64) {
        print!("{text}");
        flush();
        wasip2::clocks::monotonic_clock::subscribe_duration(milliseconds * 1_000_000).block();
    }

    fn say_and_trap(text: String) {
        print!("{text}");
        flush();
        core::arch::wasm32::unreachable()
    }

    fn panic(text: String) {
        panic!("{text}")
    }

    fn stop(success: bool) {
        process::exit(i32::from(!success))
    }

    fn stop_with(code: u8) {
        wasip2::cli::exit::exit_with_code(code)
    }

    fn stop_from_result(success: bool) -> Result<(), ()> {
        process::exit(i32::from(!success))
    }

    fn stop_from_number(success: bool) -> u32 {
        process::exit(i32::from(!success))
    }

    fn fail() -> Result<u32, String> {
        Err("as asked".into())
    }

    fn count() -> u32 {
        CALLS.fetch_add(1, Ordering::Relaxed) + 1
    }
}
