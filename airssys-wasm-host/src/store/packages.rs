//! Published components: `packages/<namespace>/<name>/<version>.wasm`, each a hard link to a blob.
//!
//! `wkg` reads such a directory as a registry. A version refers to the same bytes permanently,
//! because `link` fails if the name exists. A component without a namespace is in the namespace
//! `local`.
//! Tests: `tests/suite/state/packages.rs`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use airssys_wasm_core::{ComponentName, Digest};
use semver::Version;

use crate::disk::{open_private, sync_folder, with_path};

/// The namespace of names that have none.
const LOCAL: &str = "local";

pub(crate) struct PackageFolder(PathBuf);

impl PackageFolder {
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        open_private(directory)?;
        Ok(Self(directory.to_owned()))
    }

    /// Links a blob under the name of a version.
    pub(super) fn link(
        &self,
        name: &ComponentName,
        version: &Version,
        blob: &Path,
        digest: Digest,
    ) -> io::Result<()> {
        let folder = self.folder(name);
        open_private(&folder)?;
        let path = folder.join(file_name(version));
        match fs::hard_link(blob, &path) {
            Ok(()) => sync_folder(&folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.check(name, version, digest)
            }
            Err(error) => Err(with_path(&path, &error)),
        }
    }

    /// Checks that a version is not published yet, or refers to these bytes.
    pub(crate) fn check(
        &self,
        name: &ComponentName,
        version: &Version,
        digest: Digest,
    ) -> io::Result<()> {
        let path = self.folder(name).join(file_name(version));
        let there = match fs::read(&path) {
            Ok(bytes) => Digest::compute(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(with_path(&path, &error)),
        };
        if there == digest {
            return Ok(());
        }
        let problem = format!("{name} {version} is published already, with the digest {there}");
        Err(io::Error::new(io::ErrorKind::AlreadyExists, problem))
    }

    /// Returns the versions of a name, in ascending order.
    pub(crate) fn versions(&self, name: &ComponentName) -> io::Result<Vec<Version>> {
        let mut versions = Vec::new();
        for file in names_in(&self.folder(name))? {
            versions.extend(
                file.strip_suffix(".wasm")
                    .and_then(|version| Version::parse(version).ok()),
            );
        }
        versions.sort();
        Ok(versions)
    }

    /// Returns the bytes of a version and their path. The file name contains no digest to compare
    /// with.
    pub(super) fn read(
        &self,
        name: &ComponentName,
        version: &Version,
    ) -> io::Result<(Vec<u8>, PathBuf)> {
        let path = self.folder(name).join(file_name(version));
        let bytes = fs::read(&path).map_err(|error| with_path(&path, &error))?;
        Ok((bytes, path))
    }

    /// Returns every name that has published versions.
    pub(crate) fn names(&self) -> io::Result<Vec<ComponentName>> {
        let mut names = Vec::new();
        for namespace in names_in(&self.0)? {
            for name in names_in(&self.0.join(&namespace))? {
                let full = if namespace == LOCAL {
                    name
                } else {
                    format!("{namespace}:{name}")
                };
                names.extend(full.parse::<ComponentName>().ok());
            }
        }
        names.sort();
        Ok(names)
    }

    fn folder(&self, name: &ComponentName) -> PathBuf {
        let (namespace, name) = name
            .as_str()
            .split_once(':')
            .unwrap_or((LOCAL, name.as_str()));
        self.0.join(namespace).join(name)
    }
}

fn file_name(version: &Version) -> String {
    format!("{version}.wasm")
}

/// Returns the names in a directory; none if the directory does not exist.
fn names_in(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(with_path(directory, &error)),
    };
    entries
        .map(|entry| match entry {
            Ok(entry) => Ok(entry.file_name().to_string_lossy().into_owned()),
            Err(error) => Err(with_path(directory, &error)),
        })
        .collect()
}
