//! The set of capabilities that one component requests.
//!
//! Decides nothing about granting. Tests: below, and `tests/section_text.rs`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Capability, CapabilityError};
use crate::section::{self, CAPABILITIES, SectionError};

/// What a component says it needs, as a set with one canonical text.
///
/// ```
/// use airssys_wasm_core::{Capability, Requests};
///
/// let requests: Requests = [
///     Capability::NetworkOutbound("api.example.com".into()),
///     Capability::FileRead("/data".into()),
/// ].into_iter().collect();
/// let text = requests.to_section();
/// assert_eq!(text, "airssys:capabilities 1\nfile-read /data\nnetwork-outbound api.example.com\n");
/// assert_eq!(Requests::from_section(text.as_bytes())?, requests);
/// # Ok::<(), airssys_wasm_core::RequestsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests(BTreeSet<Capability>);

/// Why a section of requests cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestsError {
    /// The text is not a section.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// One of its lines is not a capability.
    #[error("line {line} of custom section `{CAPABILITIES}`")]
    Capability {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: CapabilityError,
    },
}

impl Requests {
    /// Reads the text of a custom section; several joined ones are merged.
    ///
    /// # Errors
    ///
    /// [`RequestsError`] if the section or any of its lines is malformed: a
    /// component whose requests cannot be read in full is refused.
    pub fn from_section(bytes: &[u8]) -> Result<Self, RequestsError> {
        section::read(CAPABILITIES, bytes)?
            .into_iter()
            .map(|entry| {
                Capability::new(entry.word, entry.text)
                    .map_err(|source| RequestsError::Capability { line: entry.line, source })
            })
            .collect()
    }

    /// The canonical text: sorted, each request once.
    #[must_use]
    pub fn to_section(&self) -> String {
        section::write(
            CAPABILITIES,
            self.iter().map(|request| (request.kind(), Cow::Borrowed(request.target()))),
        )
    }

    /// The requests in the order of the canonical text.
    pub fn iter(&self) -> impl Iterator<Item = &Capability> {
        self.0.iter()
    }

    /// Whether nothing is requested.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many different capabilities are requested.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<Capability> for Requests {
    fn from_iter<I: IntoIterator<Item = Capability>>(requests: I) -> Self {
        Self(requests.into_iter().collect())
    }
}

impl Extend<Capability> for Requests {
    fn extend<I: IntoIterator<Item = Capability>>(&mut self, requests: I) {
        self.0.extend(requests);
    }
}

impl IntoIterator for Requests {
    type Item = Capability;
    type IntoIter = std::collections::btree_set::IntoIter<Capability>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_the_sections_of_libraries() {
        let joined =
            "airssys:capabilities 1\nfile-read /b\nairssys:capabilities 1\nfile-read /a\nfile-read /b\n";
        let requests = Requests::from_section(joined.as_bytes()).expect("joined sections");
        assert_eq!(requests.to_section(), "airssys:capabilities 1\nfile-read /a\nfile-read /b\n");
    }

    #[test]
    fn one_bad_line_refuses_the_whole_section() {
        let text = "airssys:capabilities 1\nfile-read /a\nfile-read ..\n";
        let error = Requests::from_section(text.as_bytes()).expect_err("a bad line");
        assert!(matches!(error, RequestsError::Capability { line: 3, .. }));
    }
}
