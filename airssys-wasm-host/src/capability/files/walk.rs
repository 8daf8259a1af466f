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

/// A file whose name is about to be taken from it. Dropped, it is emptied if it has no name
/// any more.
pub(super) struct Held(File);

impl Held {
    /// The file that has `name` in a directory; none if there is none that can be written.
    #[cfg(unix)]
    pub(super) fn open(directory: &Arc<File>, name: &str) -> Option<Self> {
        use rustix::fs::{Mode, OFlags, openat};

        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&**directory, name, flags, Mode::empty()).map(File::from).ok()?;
        file.metadata().is_ok_and(|metadata| metadata.is_file()).then_some(Self(file))
    }

    /// Nothing is under a quota on this system.
    #[cfg(not(unix))]
    pub(super) fn open(_: &Arc<File>, _: &str) -> Option<Self> {
        None
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            if self.0.metadata().is_ok_and(|metadata| metadata.nlink() == 0) {
                // What cannot be emptied can grow no more either.
                let _ = self.0.set_len(0);
            }
        }
    }
}

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
