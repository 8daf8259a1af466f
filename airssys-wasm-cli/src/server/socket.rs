//! A socket that only its owner may use: the file's mode says so, and every peer is asked who
//! it is.
//!
//! Tests: the crate's `tests/serve`.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;

use tokio::net::{UnixListener, UnixStream};

use crate::api::{Problem, kinds};

/// The longest path of a socket that every system takes.
const PATH_MAX: usize = 100;

pub(crate) struct OwnersSocket {
    listener: UnixListener,
    owner: u32,
}

impl OwnersSocket {
    /// Listens at a path. A socket that nobody answers at any more is taken over.
    ///
    /// # Errors
    ///
    /// If somebody answers there, or something else is there, or it is not permitted.
    pub(crate) fn bind(path: &Path) -> Result<Self, Problem> {
        if path.as_os_str().len() > PATH_MAX {
            let message = format!(
                "the path of the socket `{}` is longer than {PATH_MAX} bytes; say a shorter one with `--socket`",
                path.display()
            );
            return Err(Problem::new(kinds::IO, message));
        }
        let problem = |error: io::Error| {
            Problem::new(kinds::IO, format!("cannot listen at `{}`", path.display())).because(error)
        };
        clear_the_way(path).map_err(problem)?;
        let listener = UnixListener::bind(path).map_err(problem)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(problem)?;
        Ok(Self {
            listener,
            owner: rustix::process::geteuid().as_raw(),
        })
    }

    /// One that was opened before the process began.
    pub(crate) fn of(listener: std::os::unix::net::UnixListener) -> Result<Self, Problem> {
        let listener = listener
            .set_nonblocking(true)
            .and_then(|()| UnixListener::from_std(listener));
        let listener = listener.map_err(|error| {
            Problem::new(
                kinds::IO,
                "cannot listen at the socket that was handed over",
            )
            .because(error)
        })?;
        Ok(Self {
            listener,
            owner: rustix::process::geteuid().as_raw(),
        })
    }

    /// The next connection of somebody who may ask; cancel safe.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            if self.may_ask(&stream) {
                return Ok(stream);
            }
        }
    }

    /// Whether the peer is who runs this process, or the superuser.
    fn may_ask(&self, stream: &UnixStream) -> bool {
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == self.owner || peer.uid() == 0 => true,
            Ok(peer) => {
                tracing::warn!(
                    uid = peer.uid(),
                    "refused: this user may not use the socket"
                );
                false
            }
            Err(error) => {
                tracing::warn!(%error, "refused: it is not known whose connection this is");
                false
            }
        }
    }
}

/// Removes a socket that was left over.
fn clear_the_way(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "something that is no socket is there",
            ));
        }
        Ok(_) => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another process answers there",
        )),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        Err(error) => Err(error),
    }
}
