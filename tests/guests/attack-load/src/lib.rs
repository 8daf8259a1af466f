//! Exhausts one resource per function: time, memory, lines of the log, threads, descriptors, audit
//! records. Except for `compute`, no function returns; its calls end at their deadline or by a
//! trap.

use std::time::{Duration, Instant};

use airssys_wasm_sdk::prelude::*;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};

#[component(wit_inline = "
    package attack:load;

    /// File names refer to the only granted directory.
    world attack-load {
        /// Computes forever.
        export spin: func();
        /// Computes for `milliseconds` and returns.
        export compute: func(milliseconds: u64);
        /// Allocates memory and holds it; traps if there is not enough.
        export eat-memory: func(mebibytes: u32);
        /// Writes lines to the log and to standard output.
        export flood-log: func();
        /// Reads from a FIFO.
        export read-fifo: func(name: string);
        /// Opens a file until that fails, and holds all descriptors.
        export open-files: func(name: string);
        /// Opens a file that is not granted, repeatedly.
        export open-denied: func(name: string);
    }
")]
struct Load;

const MEBIBYTE: usize = 1 << 20;
const SECOND_NANOSECONDS: u64 = 1_000_000_000;

impl Guest for Load {
    fn spin() {
        loop {
            std::hint::spin_loop();
        }
    }

    fn compute(milliseconds: u64) {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(milliseconds) {
            std::hint::spin_loop();
        }
    }

    fn eat_memory(mebibytes: u32) {
        let eaten: Vec<Vec<u8>> = (0..mebibytes).map(|_| one_mebibyte()).collect();
        keep(&eaten);
    }

    fn flood_log() {
        let text = "x".repeat(1000);
        loop {
            log::error!("{text}");
            println!("{text}");
        }
    }

    fn read_fifo(name: String) {
        loop {
            let Ok(stream) = open(&name).and_then(|fifo| fifo.read_via_stream(0)) else {
                pause();
                continue;
            };
            while stream.blocking_read(4096).is_ok() {}
            pause();
        }
    }

    fn open_files(name: String) {
        let mut opened = Vec::new();
        while let Ok(file) = open(&name) {
            opened.push(file);
        }
        keep(&opened);
    }

    fn open_denied(name: String) {
        loop {
            drop(open(&name));
        }
    }
}

fn one_mebibyte() -> Vec<u8> {
    let mut memory = Vec::new();
    memory
        .try_reserve_exact(MEBIBYTE)
        .expect("another mebibyte");
    memory.resize(MEBIBYTE, 1);
    memory
}

fn open(name: &str) -> Result<Descriptor, ErrorCode> {
    let (directory, _) = get_directories().pop().ok_or(ErrorCode::NoEntry)?;
    directory.open_at(
        PathFlags::empty(),
        name,
        OpenFlags::empty(),
        DescriptorFlags::READ,
    )
}

/// Holds a value until the call ends.
fn keep<T>(kept: &T) -> ! {
    loop {
        pause();
        std::hint::black_box(kept);
    }
}

fn pause() {
    subscribe_duration(SECOND_NANOSECONDS / 10).block();
}
