//! Directories that only this user can write to.
//!
//! Tests: in this file.

use std::fs;
use std::io;
use std::path::Path;

use super::with_path;

/// Creates a directory if it does not exist, and checks that no other user can write to it, since
/// its contents are trusted.
pub(crate) fn open_private(path: &Path) -> io::Result<()> {
    create_private(path)
        .and_then(|()| check_private(path))
        .map_err(|error| with_path(path, &error))
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(unix)]
fn check_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let metadata = fs::metadata(path)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other(
            "it belongs to another user, but its contents would be trusted; use a directory of your own",
        ));
    }
    let mode = metadata.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(io::Error::other(
            "other users can write to it, but its contents would be trusted; make it private with `chmod 700`",
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(not(unix))]
fn check_private(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Only the superuser can change the owner of a directory; for other users there is nothing to
    /// test.
    #[test]
    fn refuses_a_directory_of_another_user() {
        let place = tempfile::tempdir().expect("a directory");
        if std::os::unix::fs::chown(place.path(), Some(1), None).is_ok() {
            assert!(open_private(place.path()).is_err());
        }
    }

    #[test]
    fn refuses_a_directory_that_others_can_write() {
        let place = tempfile::tempdir().expect("a directory");
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777))
            .expect("opened to all");
        assert!(open_private(place.path()).is_err());
    }

    #[test]
    fn what_it_makes_is_private() {
        let place = tempfile::tempdir().expect("a directory");
        let made = place.path().join("a/b");
        open_private(&made).expect("made");
        assert_eq!(
            fs::metadata(made).expect("there").permissions().mode() & 0o777,
            0o700
        );
    }
}
