//! A fast checksum that detects damage. It does not protect against attackers; the private
//! directory does.
//!
//! Tests: `airssys-wasm-host/src/code_cache/directory.rs`, `airssys-wasm-host/src/state/record.rs`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use twox_hash::XxHash3_128;

/// Returns the checksum and length of some bytes, as text.
pub(crate) fn checksum_bytes(bytes: &[u8]) -> String {
    text(XxHash3_128::oneshot(bytes), bytes.len())
}

/// Returns the checksum and length of a file. Reads it in chunks that fit into the processor's
/// cache.
pub(crate) fn checksum_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = XxHash3_128::new();
    let mut piece = vec![0; 64 << 10];
    let mut length = 0;
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(text(hasher.finish_128(), length)),
            read => {
                hasher.write(&piece[..read]);
                length += read;
            }
        }
    }
}

fn text(hash: u128, length: usize) -> String {
    format!("xxh3-128 {hash:032x} {length}\n")
}
