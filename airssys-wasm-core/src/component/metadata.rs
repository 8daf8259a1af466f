//! The metadata that an author specifies for a component, as embedded by the SDK's macro.
//!
//! Reads and writes the text; `sections` finds it in the bytes.
//! Tests: in this file, `airssys-wasm-core/tests/section_text.rs`.

use std::borrow::Cow;

use semver::Version;
use thiserror::Error;

use crate::bounds::{DESCRIPTION_BYTES_MAX, VERSION_BYTES_MAX};
use crate::capability::escape_for_message;
use crate::section::{self, ABOUT, SectionError};
use crate::{ComponentName, Instancing};

/// The metadata of a component: name, version, description and instancing, each if the author
/// specified it.
///
/// ```
/// use airssys_wasm_core::ComponentMetadata;
///
/// let metadata = ComponentMetadata { name: Some("greeter".parse()?), ..ComponentMetadata::default() };
/// assert_eq!(metadata.to_section(), "airssys:component 1\nname greeter\n");
/// # Ok::<(), airssys_wasm_core::ComponentNameError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComponentMetadata {
    /// The default name of the deployment.
    pub name: Option<ComponentName>,
    /// The version.
    pub version: Option<Version>,
    /// A description of one or more lines.
    pub description: Option<String>,
    /// The instancing that the author chose.
    pub instancing: Option<Instancing>,
}

/// The reason the metadata of a component cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The text is not a section, or one of its lines is malformed.
    #[error(transparent)]
    Section(#[from] SectionError),
}

impl ComponentMetadata {
    /// Parses the text of the custom section.
    ///
    /// # Errors
    ///
    /// Fails with [`MetadataError`] if the text is malformed, or has an entry that is duplicate or
    /// unknown.
    pub fn from_section(bytes: &[u8]) -> Result<Self, MetadataError> {
        let mut about = Self::default();
        for entry in section::read(ABOUT, bytes)? {
            about
                .set(entry.word, &entry.text)
                .map_err(|problem| SectionError::InvalidLine {
                    section: ABOUT,
                    line: entry.line,
                    problem,
                })?;
        }
        Ok(about)
    }

    /// Returns the text to embed.
    #[must_use]
    pub fn to_section(&self) -> String {
        let entries = [
            ("name", self.name.as_ref().map(|name| name.as_str().into())),
            (
                "version",
                self.version
                    .as_ref()
                    .map(|version| version.to_string().into()),
            ),
            (
                "description",
                self.description.as_deref().map(Cow::Borrowed),
            ),
            (
                "instancing",
                self.instancing
                    .map(|instancing| instancing.to_string().into()),
            ),
        ];
        section::write(
            ABOUT,
            entries
                .into_iter()
                .filter_map(|(word, value)| Some((word, value?))),
        )
    }

    fn set(&mut self, word: &str, text: &str) -> Result<(), String> {
        let bytes_max = if word == "description" {
            DESCRIPTION_BYTES_MAX
        } else {
            VERSION_BYTES_MAX
        };
        if text.len() > bytes_max {
            let bytes = text.len();
            return Err(format!(
                "the text after `{}` has {bytes} bytes, but at most {bytes_max} are allowed; shorten it",
                escape_for_message(word)
            ));
        }
        match word {
            "name" => set_once(&mut self.name, word, text.parse()),
            "version" => set_once(&mut self.version, word, text.parse()),
            "description" => set_once(&mut self.description, word, text.parse()),
            "instancing" => set_once(&mut self.instancing, word, text.parse()),
            _ => Err(format!(
                "`{}` is not a known entry",
                escape_for_message(word)
            )),
        }
    }
}

fn set_once<T, E: ToString>(
    slot: &mut Option<T>,
    word: &str,
    value: Result<T, E>,
) -> Result<(), String> {
    let value = value.map_err(|error| error.to_string())?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!(
            "`{word}` appears twice: does the component contain `#[component]` twice?"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_text_can_be_read_back() {
        let about = ComponentMetadata {
            name: Some("demo:greeter".parse().expect("name")),
            version: Some(Version::new(1, 2, 3)),
            description: Some("Greets.\nTwice, with a \\.".into()),
            instancing: Some(Instancing::pooled(4)),
        };
        assert_eq!(
            ComponentMetadata::from_section(about.to_section().as_bytes()),
            Ok(about)
        );
    }

    #[test]
    fn rejects_duplicate_and_unknown_entries() {
        for (line, expected) in [
            ("name a\nname b", "appears twice"),
            ("colour red", "`colour` is not a known entry"),
            ("version one", "line 2"),
            ("instancing pooled 0", "pooled 8"),
            (
                &format!("version 1.0.0-{}", "a".repeat(VERSION_BYTES_MAX)),
                "at most 256",
            ),
            (
                &format!("description {}", "a".repeat(DESCRIPTION_BYTES_MAX + 1)),
                "has 16385 bytes",
            ),
        ] {
            let text = format!("{ABOUT} 1\n{line}\n");
            let message = ComponentMetadata::from_section(text.as_bytes())
                .expect_err(line)
                .to_string();
            assert!(message.contains(expected), "{line}: {message}");
        }
    }
}
