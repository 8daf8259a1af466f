//! The Unix socket that only its owner and the superuser may use: the file's mode restricts it, and
//! the credentials of every peer are checked.
//!
//! Tests: `airssys-wasm-cli/tests/cli/serving.rs`.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;

use tokio::net::{UnixListener, UnixStream};

use crate::api::{Problem, kinds};

/// Maximum length of a socket's path that every system supports, in bytes.
const PATH_MAX: usize = 100;

/// A listening Unix socket that accepts only connections of its owner and the superuser.
pub(crate) struct OwnerSocket {
    listener: UnixListener,
    owner: u32,
}

impl OwnerSocket {
    /// Listens on a path. Replaces a socket that no process is listening on any more.
    ///
    /// # Errors
    ///
    /// Fails if a process is listening on the path, if the path is too long or exists and is not a
    /// socket, or if the socket cannot be created.
    pub(crate) fn bind(path: &Path) -> Result<Self, Problem> {
        if path.as_os_str().len() > PATH_MAX {
            let message = format!(
                "the path of the socket `{}` is longer than {PATH_MAX} bytes; set a shorter one with `--socket`",
                path.display()
            );
            return Err(Problem::new(kinds::IO, message));
        }
        let problem = |error: io::Error| {
            Problem::new(kinds::IO, format!("cannot listen on `{}`", path.display()))
                .with_cause(error)
        };
        remove_stale_socket(path).map_err(problem)?;
        let listener = UnixListener::bind(path).map_err(problem)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(problem)?;
        Ok(Self {
            listener,
            owner: rustix::process::geteuid().as_raw(),
        })
    }

    /// Uses a socket that was opened before the process started.
    pub(crate) fn from_std(listener: std::os::unix::net::UnixListener) -> Result<Self, Problem> {
        let listener = listener
            .set_nonblocking(true)
            .and_then(|()| UnixListener::from_std(listener));
        let listener = listener.map_err(|error| {
            Problem::new(
                kinds::IO,
                "cannot listen on the socket that was passed to this process",
            )
            .with_cause(error)
        })?;
        Ok(Self {
            listener,
            owner: rustix::process::geteuid().as_raw(),
        })
    }

    /// Accepts the next connection of a permitted user. Cancel safe.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            if self.is_permitted(&stream) {
                return Ok(stream);
            }
        }
    }

    /// Returns `true` if the peer is the user that runs this process, or the superuser.
    fn is_permitted(&self, stream: &UnixStream) -> bool {
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == self.owner || peer.uid() == 0 => true,
            Ok(peer) => {
                tracing::warn!(
                    uid = peer.uid(),
                    "refused a connection: this user may not use the socket"
                );
                false
            }
            Err(error) => {
                tracing::warn!(%error, "refused a connection: the user of the peer is unknown");
                false
            }
        }
    }
}

/// Removes a leftover socket.
fn remove_stale_socket(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "the path exists and is not a socket",
            ));
        }
        Ok(_) => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another process is listening on it",
        )),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        Err(error) => Err(error),
    }
}
