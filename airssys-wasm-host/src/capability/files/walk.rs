//! To a directory by handles, name by name, following no link.
//!
//! Each step opens the next directory below the last by its one name, so that nothing
//! that changes meanwhile leads elsewhere. Tests: below; races in the workspace's
//! `tests/attacks`.

use std::fs::File;
use std::io;
use std::sync::Arc;

/// Where a walk came to an end before its end.
#[derive(Debug)]
pub(super) enum Stopped {
    /// At a link.
    AtALink,
    /// For what the system says.
    At(io::Error),
}

/// Opens the directory that `names` lead to from `root`.
#[cfg(unix)]
pub(super) fn walk(root: &Arc<File>, names: &[String]) -> Result<Arc<File>, Stopped> {
    use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, statat};

    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    let mut directory = Arc::clone(root);
    for name in names {
        let next = openat(&*directory, name.as_str(), flags, Mode::empty()).map_err(|error| {
            let met = statat(&*directory, name.as_str(), AtFlags::SYMLINK_NOFOLLOW);
            match met.is_ok_and(|met| FileType::from_raw_mode(met.st_mode) == FileType::Symlink) {
                true => Stopped::AtALink,
                false => Stopped::At(error.into()),
            }
        })?;
        directory = Arc::new(next.into());
    }
    Ok(directory)
}

/// Empties the file that has `name` in a directory, if this is its only name.
#[cfg(unix)]
pub(super) fn empty(directory: &Arc<File>, name: &str) {
    use std::os::unix::fs::MetadataExt;

    use rustix::fs::{Mode, OFlags, openat};

    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = openat(&**directory, name, flags, Mode::empty()).map(File::from) else { return };
    if file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.nlink() == 1) {
        // What cannot be emptied is counted for as long as it is there.
        let _ = file.set_len(0);
    }
}

/// Nothing is under a quota on this system.
#[cfg(not(unix))]
pub(super) fn empty(_: &Arc<File>, _: &str) {}

/// There is no way to open a directory by one name on this system that is sure not to
/// follow a link.
#[cfg(not(unix))]
pub(super) fn walk(_: &Arc<File>, _: &[String]) -> Result<Arc<File>, Stopped> {
    Err(Stopped::At(io::ErrorKind::Unsupported.into()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn follows_no_link() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("a/b")).expect("folders");
        std::os::unix::fs::symlink("a", folder.path().join("link")).expect("a link");
        let root = Arc::new(File::open(folder.path()).expect("opened"));
        let names = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        assert!(walk(&root, &names("a/b")).is_ok());
        assert!(matches!(walk(&root, &names("link/b")), Err(Stopped::AtALink)));
        assert!(matches!(walk(&root, &names("link")), Err(Stopped::AtALink)));
        assert!(matches!(walk(&root, &names("nothing")), Err(Stopped::At(_))));
    }
}
