//! Where state and socket of a host process are, unless said otherwise, and the token in a file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::api::{Problem, kinds};

/// The name of the socket in the state directory.
const SOCKET: &str = "admin.sock";

/// The state directory: what systemd says, or a place of the user's.
pub(crate) fn state_directory() -> PathBuf {
    let from = |variable: &str| {
        std::env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let users = || from("XDG_STATE_HOME").or_else(|| Some(from("HOME")?.join(".local/state")));
    from("STATE_DIRECTORY")
        .or_else(|| Some(users()?.join("airssys-wasm")))
        .unwrap_or_else(|| PathBuf::from("airssys-wasm-state"))
}

/// The socket of the host process that has a state directory.
pub(crate) fn socket_in(state_directory: &Path) -> PathBuf {
    state_directory.join(SOCKET)
}

/// The token in a file, if nobody else may read it.
pub(crate) fn read_token(path: &Path) -> Result<String, Problem> {
    let problem = |error: std::io::Error| Problem::of_file("read", path, error);
    let mode = std::fs::metadata(path)
        .map_err(problem)?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        let path = path.display();
        let message =
            format!("others may read the token in `{path}`; `chmod 600 {path}` keeps it to you");
        return Err(Problem::new(kinds::USAGE, message));
    }
    let text = std::fs::read_to_string(path).map_err(problem)?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
