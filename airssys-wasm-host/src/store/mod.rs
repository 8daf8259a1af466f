//! The bytes of components on disk: all by digest, and the published ones by name and version.
//!
//! The layout is that of OCI images: `blobs/sha256/<digest>`. A blob is written to a temporary
//! file, gets its name once it is durable, and is compared with its digest at every read. Callers
//! decide which blobs are needed; a published blob always is.
//! Tests: in this file.

mod packages;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Digest};
pub(crate) use packages::PackageFolder;
use semver::Version;

use crate::disk::{open_private, remove_if_exists, remove_leftovers, replace, with_path};

/// The file that marks a directory as an OCI image layout, and its contents.
const LAYOUT: (&str, &str) = ("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}\n");

pub(crate) struct BlobStore {
    blobs: PathBuf,
    packages: PackageFolder,
}

impl BlobStore {
    /// Opens the store in a directory, and creates it if it does not exist. It must not be open
    /// elsewhere.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let blobs = directory.join("blobs").join("sha256");
        open_private(directory)?;
        open_private(&blobs)?;
        remove_leftovers(&blobs)?;
        let layout = directory.join(LAYOUT.0);
        let has_layout = layout.try_exists();
        if !has_layout.map_err(|error| with_path(&layout, &error))? {
            replace(&layout, LAYOUT.1.as_bytes()).map_err(|error| with_path(&layout, &error))?;
        }
        Ok(Self {
            blobs,
            packages: PackageFolder::open(&directory.join("packages"))?,
        })
    }

    /// Returns the published packages.
    pub(crate) fn packages(&self) -> &PackageFolder {
        &self.packages
    }

    /// Publishes a stored blob: the version refers to these bytes permanently.
    ///
    /// # Errors
    ///
    /// Fails if the version refers to other bytes.
    pub(crate) fn publish(
        &self,
        name: &ComponentName,
        version: &Version,
        digest: Digest,
    ) -> io::Result<()> {
        self.packages
            .link(name, version, &self.path(digest), digest)
    }

    /// Returns the bytes of a published version. They must also be stored under their digest;
    /// otherwise they have been changed.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] if the bytes are not those that were published.
    pub(crate) fn read_published(
        &self,
        name: &ComponentName,
        version: &Version,
    ) -> io::Result<Vec<u8>> {
        let (bytes, path) = self.packages.read(name, version)?;
        if self.path(Digest::compute(&bytes)).is_file() {
            return Ok(bytes);
        }
        let problem = with_path(&path, &"it is damaged: no blob has the digest of its bytes");
        Err(io::Error::new(io::ErrorKind::InvalidData, problem))
    }

    /// Stores bytes under their digest. Writes a damaged blob again.
    pub(crate) fn put(&self, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        if self.read(digest).is_ok() {
            return Ok(());
        }
        let path = self.path(digest);
        replace(&path, bytes).map_err(|error| with_path(&path, &error))
    }

    /// Returns the bytes with a digest.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] if the blob does not exist, [`io::ErrorKind::InvalidData`] if it
    /// is damaged, or the kind of error that prevented reading it.
    pub(crate) fn read(&self, digest: Digest) -> io::Result<Arc<[u8]>> {
        let path = self.path(digest);
        let bytes = fs::read(&path)
            .map_err(|error| io::Error::new(error.kind(), with_path(&path, &error)))?;
        if Digest::compute(&bytes) != digest {
            let problem = with_path(&path, &"it is damaged: its bytes have a different digest");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(bytes.into())
    }

    /// Removes a blob, unless it does not exist or is published.
    pub(crate) fn remove(&self, digest: Digest) -> io::Result<()> {
        let path = self.path(digest);
        if is_published(&path) {
            return Ok(());
        }
        remove_if_exists(&path).map_err(|error| with_path(&path, &error))
    }

    /// Returns the digests of all blobs.
    pub(crate) fn digests(&self) -> io::Result<Vec<Digest>> {
        let entries = fs::read_dir(&self.blobs).map_err(|error| with_path(&self.blobs, &error))?;
        let mut digests = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| with_path(&self.blobs, &error))?;
            let digest = format!("sha256:{}", entry.file_name().to_string_lossy());
            digests.extend(digest.parse::<Digest>().ok());
        }
        Ok(digests)
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.blobs.join(digest.to_hex())
    }
}

/// Returns `true` if a blob has another name besides its digest, as published blobs do.
#[cfg(unix)]
fn is_published(blob: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(blob).is_ok_and(|blob| blob.nlink() > 1)
}

/// Returns `true`, which retains the blob: this system does not count names.
#[cfg(not(unix))]
fn is_published(_: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, BlobStore) {
        let place = tempfile::tempdir().expect("a directory");
        let store = BlobStore::open(&place.path().join("components")).expect("made");
        (place, store)
    }

    #[test]
    fn returns_stored_bytes_and_nothing_else() {
        let (_place, store) = store();
        let digest = Digest::compute(b"bytes");
        assert!(store.read(digest).is_err());
        store.put(digest, b"bytes").expect("kept");
        store.put(digest, b"bytes").expect("kept already");
        assert_eq!(*store.read(digest).expect("there"), *b"bytes");
        assert_eq!(store.digests().expect("readable"), [digest]);
        store.remove(digest).expect("removed");
        store.remove(digest).expect("removed already");
        assert!(store.read(digest).is_err());
    }

    #[test]
    fn damage_is_detected_and_repaired_by_storing_the_bytes_again() {
        let (_place, store) = store();
        let digest = Digest::compute(b"bytes");
        store.put(digest, b"bytes").expect("kept");
        for damaged in [&b"bytez"[..], b"byte", b""] {
            fs::write(store.path(digest), damaged).expect("damaged");
            let error = store.read(digest).expect_err("damaged").to_string();
            assert!(error.contains("a different digest"), "{error}");
        }
        store.put(digest, b"bytes").expect("kept again");
        assert!(store.read(digest).is_ok());
    }

    #[test]
    fn opening_removes_unfinished_writes() {
        let (place, store) = store();
        fs::write(store.blobs.join(".aside-1-x-y"), b"frag").expect("written");
        BlobStore::open(&place.path().join("components")).expect("opened again");
        assert_eq!(fs::read_dir(&store.blobs).expect("readable").count(), 0);
    }
}
