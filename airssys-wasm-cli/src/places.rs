//! Where state and socket of a host process are, unless said otherwise.

use std::path::{Path, PathBuf};

/// The name of the socket in the state directory.
const SOCKET: &str = "admin.sock";

/// The state directory: what systemd says, or a place of the user's.
pub(crate) fn state_directory() -> PathBuf {
    let from =
        |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let users = || from("XDG_STATE_HOME").or_else(|| Some(from("HOME")?.join(".local/state")));
    from("STATE_DIRECTORY")
        .or_else(|| Some(users()?.join("airssys-wasm")))
        .unwrap_or_else(|| PathBuf::from("airssys-wasm-state"))
}

/// The socket of the host process that has a state directory.
pub(crate) fn socket_in(state_directory: &Path) -> PathBuf {
    state_directory.join(SOCKET)
}
