//! The peer's side: `wasmtime serve`, as it comes, with the same component.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use airssys_wasm_tests::guests::path;

/// A server, as long as it is kept.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    child: Child,
}

/// Serves the guest.
///
/// # Panics
///
/// If there is no `wasmtime`: `cargo xtask bench` installs it, and says where it is.
pub(super) fn serve() -> Peer {
    let wasmtime = std::env::var_os("AIRSSYS_BENCH_WASMTIME").unwrap_or_else(|| "wasmtime".into());
    let mut command = Command::new(wasmtime);
    command.args(["serve", "-Scli", "--addr", "127.0.0.1:0"]);
    // It lets in 1,000 unless asked.
    command
        .args(["--max-concurrent-connections", "20000"])
        .arg(path(super::GUEST));
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .expect("wasmtime serve");
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    stderr
        .read_line(&mut said)
        .expect("it says where it serves");
    let address = said.trim().rsplit('/').find_map(|part| part.parse().ok());
    let address = address.unwrap_or_else(|| panic!("it says where it serves: {said}"));
    // Nobody reads what it says later.
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    Peer { address, child }
}

impl Peer {
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
