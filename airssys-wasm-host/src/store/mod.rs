//! The bytes of components on disk: by their digest, and those that are published by name and
//! version.
//!
//! The layout is that of OCI images: `blobs/sha256/<digest>`. A blob is written aside, has its
//! name once it is on disk, and is compared with its digest whenever it is read. Which blobs
//! are needed is for others to know; those that are published are.
//! Tests: below.

mod packages;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Digest};
pub(crate) use packages::Packages;
use semver::Version;

use crate::disk::{about, open_private, remove_if_there, remove_leftovers, replace};

/// What says that a directory is an OCI image layout.
const LAYOUT: (&str, &str) = ("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}\n");

pub(crate) struct Store {
    blobs: PathBuf,
    packages: Packages,
}

impl Store {
    /// Opens the store in a directory, and makes it if it is not there. Nobody else may have
    /// it open.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let blobs = directory.join("blobs").join("sha256");
        open_private(directory)?;
        open_private(&blobs)?;
        remove_leftovers(&blobs)?;
        let layout = directory.join(LAYOUT.0);
        if !layout.exists() {
            replace(&layout, LAYOUT.1.as_bytes()).map_err(|error| about(&layout, &error))?;
        }
        Ok(Self {
            blobs,
            packages: Packages::open(&directory.join("packages"))?,
        })
    }

    /// What is published.
    pub(crate) fn packages(&self) -> &Packages {
        &self.packages
    }

    /// Publishes a blob that is kept: the version stands for these bytes for good.
    ///
    /// # Errors
    ///
    /// If the version stands for other bytes.
    pub(crate) fn publish(
        &self,
        name: &ComponentName,
        version: &Version,
        digest: Digest,
    ) -> io::Result<()> {
        self.packages
            .link(name, version, &self.path(digest), digest)
    }

    /// The bytes of a version that is published. They have a second name, their digest: what
    /// has none was changed.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] if they are not those that were published.
    pub(crate) fn published(&self, name: &ComponentName, version: &Version) -> io::Result<Vec<u8>> {
        let (bytes, path) = self.packages.read(name, version)?;
        if self.path(Digest::of(&bytes)).is_file() {
            return Ok(bytes);
        }
        let problem = about(&path, &"it is damaged: no blob has the digest of its bytes");
        Err(io::Error::new(io::ErrorKind::InvalidData, problem))
    }

    /// Keeps some bytes. A blob that is there and damaged is written anew.
    pub(crate) fn keep(&self, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        if self.read(digest).is_ok() {
            return Ok(());
        }
        let path = self.path(digest);
        replace(&path, bytes).map_err(|error| about(&path, &error))
    }

    /// The bytes of a digest.
    ///
    /// # Errors
    ///
    /// If there are none, or others.
    pub(crate) fn read(&self, digest: Digest) -> io::Result<Arc<[u8]>> {
        let path = self.path(digest);
        let bytes = fs::read(&path).map_err(|error| about(&path, &error))?;
        if Digest::of(&bytes) != digest {
            return Err(about(
                &path,
                &"it is damaged: its bytes have another digest",
            ));
        }
        Ok(bytes.into())
    }

    /// Removes a blob, if it is there and not published.
    pub(crate) fn remove(&self, digest: Digest) -> io::Result<()> {
        let path = self.path(digest);
        if is_published(&path) {
            return Ok(());
        }
        remove_if_there(&path).map_err(|error| about(&path, &error))
    }

    /// Every digest that there is a blob of.
    pub(crate) fn all(&self) -> io::Result<Vec<Digest>> {
        let entries = fs::read_dir(&self.blobs).map_err(|error| about(&self.blobs, &error))?;
        let digest = |entry: fs::DirEntry| {
            format!("sha256:{}", entry.file_name().to_string_lossy())
                .parse()
                .ok()
        };
        Ok(entries.flatten().filter_map(digest).collect())
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.blobs.join(digest.to_hex())
    }
}

/// What is published has another name besides its digest.
#[cfg(unix)]
fn is_published(blob: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(blob).is_ok_and(|blob| blob.nlink() > 1)
}

/// Nothing says so: it stays.
#[cfg(not(unix))]
fn is_published(_: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let place = tempfile::tempdir().expect("a directory");
        let store = Store::open(&place.path().join("components")).expect("made");
        (place, store)
    }

    #[test]
    fn gives_back_what_it_was_given_and_nothing_else() {
        let (_place, store) = store();
        let digest = Digest::of(b"bytes");
        assert!(store.read(digest).is_err());
        store.keep(digest, b"bytes").expect("kept");
        store.keep(digest, b"bytes").expect("kept already");
        assert_eq!(*store.read(digest).expect("there"), *b"bytes");
        assert_eq!(store.all().expect("readable"), [digest]);
        store.remove(digest).expect("removed");
        store.remove(digest).expect("removed already");
        assert!(store.read(digest).is_err());
    }

    #[test]
    fn damage_is_found_and_mended_by_keeping_the_bytes_again() {
        let (_place, store) = store();
        let digest = Digest::of(b"bytes");
        store.keep(digest, b"bytes").expect("kept");
        for damaged in [&b"bytez"[..], b"byte", b""] {
            fs::write(store.path(digest), damaged).expect("damaged");
            let error = store.read(digest).expect_err("damaged").to_string();
            assert!(error.contains("another digest"), "{error}");
        }
        store.keep(digest, b"bytes").expect("kept again");
        assert!(store.read(digest).is_ok());
    }

    #[test]
    fn what_was_being_written_is_gone_when_it_is_opened_again() {
        let (place, store) = store();
        fs::write(store.blobs.join(".aside-1-x-y"), b"frag").expect("written");
        Store::open(&place.path().join("components")).expect("opened again");
        assert_eq!(fs::read_dir(&store.blobs).expect("readable").count(), 0);
    }
}
