//! Default paths of the state directory and the socket, and the token file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::api::{Problem, kinds};

/// The file name of the socket in the state directory.
const SOCKET_NAME: &str = "admin.sock";

/// Returns the default state directory: `$STATE_DIRECTORY`, which systemd sets, or a directory of
/// the user, or `airssys-wasm-state` in the working directory if neither is known.
pub(crate) fn default_state_directory() -> PathBuf {
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

/// Returns the default socket path for a state directory.
pub(crate) fn default_socket(state_directory: &Path) -> PathBuf {
    state_directory.join(SOCKET_NAME)
}

/// Reads the token on the first line of a file. Fails if users other than the owner have access to
/// the file.
pub(crate) fn read_token(path: &Path) -> Result<String, Problem> {
    let problem = |error: std::io::Error| Problem::from_file_error("read", path, error);
    let mode = std::fs::metadata(path)
        .map_err(problem)?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        let path = path.display();
        let message =
            format!("other users have access to the token in `{path}`; run `chmod 600 {path}`");
        return Err(Problem::new(kinds::USAGE, message));
    }
    let text = std::fs::read_to_string(path).map_err(problem)?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
