//! The peer's side: `wasmtime serve` with default settings and the same component.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use airssys_wasm_tests::guests::path;

/// A server that runs until dropped.
pub(super) struct PeerServer {
    pub(super) address: SocketAddr,
    child: Child,
}

/// Serves the guest.
///
/// # Panics
///
/// Panics if `wasmtime` is missing; `cargo xtask bench` installs it and passes its path.
pub(super) fn serve() -> PeerServer {
    let wasmtime = std::env::var_os("AIRSSYS_BENCH_WASMTIME").unwrap_or_else(|| "wasmtime".into());
    let mut command = Command::new(wasmtime);
    command.args(["serve", "-Scli", "--addr", "127.0.0.1:0"]);
    // Its default limit is 1,000.
    command
        .args(["--max-concurrent-connections", "20000"])
        .arg(path(super::GUEST));
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .expect("wasmtime serve");
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    stderr.read_line(&mut said).expect("the address is printed");
    let address = said.trim().rsplit('/').find_map(|part| part.parse().ok());
    let address = address.unwrap_or_else(|| panic!("no address in the output: {said}"));
    // Later output is discarded.
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    PeerServer { address, child }
}

impl PeerServer {
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for PeerServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
