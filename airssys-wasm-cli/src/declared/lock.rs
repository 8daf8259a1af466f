//! The lock file: what each component of a file was resolved to, so that it is the same next
//! time, here and elsewhere.
//!
//! Tests: below, and the crate's `tests/cli/apply`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::api::{Problem, kinds};
use crate::files;

const FORMAT: u32 = 1;

/// What stands at its beginning.
const HEAD: &str =
    "# Written by `airssys-wasm apply`. Keep it beside the file that it belongs to.\n";

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Lock {
    format: u32,
    /// By deployment, or by `PIPELINE:STAGE`.
    #[serde(default)]
    components: BTreeMap<String, Locked>,
}

/// A component that was resolved.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Locked {
    /// As the file says it.
    pub(crate) component: String,
    /// Of one that is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    pub(crate) digest: String,
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            format: FORMAT,
            components: BTreeMap::new(),
        }
    }
}

impl Lock {
    /// Where the lock of a file is.
    pub(crate) fn path_of(file: &Path) -> PathBuf {
        file.with_extension("lock")
    }

    /// Reads a lock; an empty one if there is none.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            text => text.map_err(|error| Problem::of_file("read", path, error))?,
        };
        let lock: Self = files::parse_toml(&text, path)?;
        if lock.format != FORMAT {
            let message = format!(
                "`{}` has the format {}, and this is airssys-wasm {}, which knows {FORMAT}",
                path.display(),
                lock.format,
                env!("CARGO_PKG_VERSION")
            );
            return Err(Problem::new(kinds::USAGE, message));
        }
        Ok(lock)
    }

    /// Writes it, unless the file has it already.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Problem> {
        let problem = |error: &dyn std::fmt::Display| Problem::of_file("write", path, error);
        let text = HEAD.to_owned() + &toml::to_string(self).map_err(|error| problem(&error))?;
        if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        let aside = path.with_extension("lock.new");
        std::fs::write(&aside, text)
            .and_then(|()| std::fs::rename(&aside, path))
            .map_err(|error| problem(&error))
    }

    /// What a component was resolved to, if the file still says the same of it.
    pub(crate) fn get(&self, place: &str, component: &str) -> Option<&Locked> {
        self.components
            .get(place)
            .filter(|locked| locked.component == component)
    }

    pub(crate) fn put(&mut self, place: String, locked: Locked) {
        self.components.insert(place, locked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() {
        let place = tempfile::tempdir().expect("a directory");
        let path = Lock::path_of(&place.path().join("deployments.toml"));
        assert_eq!(Lock::read(&path).expect("none"), Lock::default());
        let mut lock = Lock::default();
        let version = Some("1.2.3".to_owned());
        let locked = Locked {
            component: "a@^1".into(),
            version,
            digest: "sha256:00".into(),
        };
        lock.put("a".into(), locked.clone());
        lock.write(&path).expect("written");
        assert_eq!(Lock::read(&path).expect("there"), lock);
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
            let problem = Lock::read(&path).expect_err(text).to_string();
            assert!(problem.contains("deployments.lock"), "{problem}");
        }
    }
}
