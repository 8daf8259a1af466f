//! What an author says about a component, as the SDK's macro embeds it.
//!
//! Reads and writes the text; does not know where in the bytes it stands.
//! Tests: below, and `tests/section_text.rs`.

use std::borrow::Cow;

use semver::Version;
use thiserror::Error;

use crate::bounds::{DESCRIPTION_BYTES_MAX, VERSION_BYTES_MAX};
use crate::capability::shown;
use crate::section::{self, ABOUT, SectionError};
use crate::{ComponentName, Instancing};

/// Name, version, description and instancing, each only if the author said it.
///
/// ```
/// use airssys_wasm_core::About;
///
/// let about = About { name: Some("greeter".parse()?), ..About::default() };
/// assert_eq!(about.to_section(), "airssys:component 1\nname greeter\n");
/// # Ok::<(), airssys_wasm_core::ComponentNameError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The name to deploy under.
    pub name: Option<ComponentName>,
    /// The author's version.
    pub version: Option<Version>,
    /// One line or more on what it does.
    pub description: Option<String>,
    /// How the author wants it instanced.
    pub instancing: Option<Instancing>,
}

/// Why the text about a component cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AboutError {
    /// The text is not a section, or one of its lines is malformed.
    #[error(transparent)]
    Section(#[from] SectionError),
}

impl About {
    /// Reads the text of the custom section.
    ///
    /// # Errors
    ///
    /// [`AboutError`] if it is malformed, has an entry twice or one that is
    /// not known.
    pub fn from_section(bytes: &[u8]) -> Result<Self, AboutError> {
        let mut about = Self::default();
        for entry in section::read(ABOUT, bytes)? {
            about
                .set(entry.word, &entry.text)
                .map_err(|problem| SectionError::Line {
                    section: ABOUT,
                    line: entry.line,
                    problem,
                })?;
        }
        Ok(about)
    }

    /// The text to embed.
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
                "the text after `{}` has {bytes} bytes, and at most {bytes_max} are read; shorten it",
                shown(word)
            ));
        }
        match word {
            "name" => set_once(&mut self.name, word, text.parse()),
            "version" => set_once(&mut self.version, word, text.parse()),
            "description" => set_once(&mut self.description, word, text.parse()),
            "instancing" => set_once(&mut self.instancing, word, text.parse()),
            _ => Err(format!("`{}` is not known here", shown(word))),
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
            "`{word}` is said twice: does the component contain `#[component]` twice?"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let about = About {
            name: Some("demo:greeter".parse().expect("name")),
            version: Some(Version::new(1, 2, 3)),
            description: Some("Greets.\nTwice, with a \\.".into()),
            instancing: Some(Instancing::pooled(4)),
        };
        assert_eq!(
            About::from_section(about.to_section().as_bytes()),
            Ok(about)
        );
    }

    #[test]
    fn refuses_doubles_and_the_unknown() {
        for (line, expected) in [
            ("name a\nname b", "said twice"),
            ("colour red", "`colour` is not known"),
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
            let message = About::from_section(text.as_bytes())
                .expect_err(line)
                .to_string();
            assert!(message.contains(expected), "{line}: {message}");
        }
    }
}
