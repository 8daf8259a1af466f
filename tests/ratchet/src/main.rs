//! `ratchet ROW COUNT CACHE` runs one operation COUNT times on one thread.
//!
//! `cargo xtask ratchet` runs it under callgrind with two counts; the difference is the number of
//! instructions that one operation takes, without set-up. Compiled code is kept in the directory
//! CACHE, so that only the first run compiles.

mod operations;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [row, count, cache] = arguments.as_slice() else {
        return ExitCode::from(2);
    };
    let (Some(operation), Ok(count)) = (operations::find(row), count.parse()) else {
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(operation(Path::new(cache).to_path_buf(), count));
    ExitCode::SUCCESS
}
