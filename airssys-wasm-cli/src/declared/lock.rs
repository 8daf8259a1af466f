//! The lock file: the version and digest that each component was resolved to, so that `apply`
//! deploys the same components later and on other machines.
//!
//! Tests: in this file, `airssys-wasm-cli/tests/cli/apply.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::api::{Problem, kinds};
use crate::files;

const FORMAT: u32 = 1;

/// The comment at the top of the file.
const HEADER: &str =
    "# Written by `airssys-wasm apply`. Keep it next to the deployments file it belongs to.\n";

/// The contents of a lock file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LockFile {
    format: u32,
    /// Resolved components, by deployment or by `PIPELINE:STAGE`.
    #[serde(default)]
    components: BTreeMap<String, LockedComponent>,
}

/// A resolved component.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LockedComponent {
    /// The component as written in the deployments file.
    pub(crate) component: String,
    /// The version, if the component is a published one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    pub(crate) digest: String,
}

impl Default for LockFile {
    fn default() -> Self {
        Self {
            format: FORMAT,
            components: BTreeMap::new(),
        }
    }
}

impl LockFile {
    /// Returns the path of the lock file that belongs to a deployments file.
    pub(crate) fn path_for(file: &Path) -> PathBuf {
        file.with_extension("lock")
    }

    /// Reads a lock file. Returns an empty lock if the file does not exist.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or parsed, or has an unsupported format.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            text => text.map_err(|error| Problem::from_file_error("read", path, error))?,
        };
        let lock: Self = files::parse_toml(&text, path)?;
        if lock.format != FORMAT {
            let message = format!(
                "`{}` has the format {}, but airssys-wasm {} supports only format {FORMAT}",
                path.display(),
                lock.format,
                env!("CARGO_PKG_VERSION")
            );
            return Err(Problem::new(kinds::USAGE, message));
        }
        Ok(lock)
    }

    /// Writes the lock atomically, unless the file already has the same text.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Problem> {
        let problem =
            |error: &dyn std::fmt::Display| Problem::from_file_error("write", path, error);
        let text = HEADER.to_owned() + &toml::to_string(self).map_err(|error| problem(&error))?;
        if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        let aside = path.with_extension("lock.new");
        std::fs::write(&aside, text)
            .and_then(|()| std::fs::rename(&aside, path))
            .map_err(|error| problem(&error))
    }

    /// Returns the locked component at a place, if the deployments file still names the same one.
    pub(crate) fn get(&self, place: &str, component: &str) -> Option<&LockedComponent> {
        self.components
            .get(place)
            .filter(|locked| locked.component == component)
    }

    pub(crate) fn insert(&mut self, place: String, locked: LockedComponent) {
        self.components.insert(place, locked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_rejects_invalid_files() {
        let place = tempfile::tempdir().expect("a directory");
        let path = LockFile::path_for(&place.path().join("deployments.toml"));
        assert_eq!(LockFile::read(&path).expect("none"), LockFile::default());
        let mut lock = LockFile::default();
        let version = Some("1.2.3".to_owned());
        let locked = LockedComponent {
            component: "a@^1".into(),
            version,
            digest: "sha256:00".into(),
        };
        lock.insert("a".into(), locked.clone());
        lock.write(&path).expect("written");
        assert_eq!(LockFile::read(&path).expect("there"), lock);
        assert_eq!(
            (lock.get("a", "a@^1"), lock.get("a", "a@^2")),
            (Some(&locked), None)
        );
        for text in [
            "format = 2",
            "form",
            "format = 1\n[components.a]\ndigest = 1",
        ] {
            std::fs::write(&path, text).expect("written");
            let problem = LockFile::read(&path).expect_err(text).to_string();
            assert!(problem.contains("deployments.lock"), "{problem}");
        }
    }
}
