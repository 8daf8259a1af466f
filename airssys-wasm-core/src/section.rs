//! The text of the custom sections that the SDK's macros embed.
//!
//! The first line of a section is a header with its name and format. Each further line is an entry:
//! a word and the text after it. Linkers join sections of the same name, so a header may occur
//! again and begins another block. `component::ComponentMetadata` and `capability::Requests` interpret the
//! entries.
//! Tests: in this file, `airssys-wasm-core/tests/section_text.rs`.

use std::borrow::Cow;

use thiserror::Error;

use crate::bounds::SECTION_BYTES_MAX;
use crate::steps::count_steps;

/// The custom section with a component's name, version and description.
pub const ABOUT: &str = "airssys:component";

/// The custom section with the capabilities a component requests.
pub const CAPABILITIES: &str = "airssys:capabilities";

/// The format that this crate reads and writes.
const FORMAT: u32 = 1;

/// An entry of a section: a word and the text after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SectionEntry<'a> {
    /// The line number, counted from 1.
    pub(crate) line: usize,
    pub(crate) word: &'a str,
    pub(crate) text: Cow<'a, str>,
}

/// The reason the text of a section cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SectionError {
    /// The bytes are not UTF-8.
    #[error("custom section `{section}` is not UTF-8 from byte {offset} on; rebuild the component")]
    NotUtf8 {
        /// The name of the section.
        section: &'static str,
        /// The number of valid bytes.
        offset: usize,
    },
    /// The first line is not a header.
    #[error(
        "custom section `{section}` does not begin with `{section} {FORMAT}`; rebuild the component with airssys-wasm-sdk"
    )]
    MissingHeader {
        /// The name of the section.
        section: &'static str,
    },
    /// The section was written by a newer SDK.
    #[error(
        "custom section `{section}` has format `{found}`; this version reads format {FORMAT}: update the host, or build the component with an older airssys-wasm-sdk"
    )]
    UnsupportedFormat {
        /// The name of the section.
        section: &'static str,
        /// The format in the header.
        found: String,
    },
    /// The section is too large.
    #[error(
        "custom section `{section}` has {bytes} bytes, but at most {SECTION_BYTES_MAX} are allowed for all sections of that name together; request patterns (`/data/**`) instead of many single names, or shorten the texts"
    )]
    TooLarge {
        /// The name of the section.
        section: &'static str,
        /// The size in bytes of all sections of that name read so far.
        bytes: usize,
    },
    /// A line is not an entry.
    #[error("line {line} of custom section `{section}`: {problem}")]
    InvalidLine {
        /// The name of the section.
        section: &'static str,
        /// The line number, counted from 1.
        line: usize,
        /// The problem and how to fix it.
        problem: String,
    },
}

/// Reads the entries of a section. Checks the headers and leaves them out.
pub(crate) fn read<'a>(
    section: &'static str,
    bytes: &'a [u8],
) -> Result<Vec<SectionEntry<'a>>, SectionError> {
    check_size(section, bytes.len())?;
    let text = std::str::from_utf8(bytes).map_err(|error| SectionError::NotUtf8 {
        section,
        offset: error.valid_up_to(),
    })?;
    let mut entries = Vec::new();
    let mut begun = false;
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        count_steps(1);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == section {
            check_format(section, rest)?;
            begun = true;
        } else if !begun {
            return Err(SectionError::MissingHeader { section });
        } else if !line.is_empty() {
            let text = unescape(rest).ok_or_else(|| SectionError::InvalidLine {
                section,
                line: line_number,
                problem: r"a `\` does not begin a valid escape; write `\\`".into(),
            })?;
            entries.push(SectionEntry {
                line: line_number,
                word,
                text,
            });
        }
    }
    if begun {
        Ok(entries)
    } else {
        Err(SectionError::MissingHeader { section })
    }
}

/// Writes a section: the header, then the entries in the given order.
pub(crate) fn write<'a>(
    section: &str,
    entries: impl IntoIterator<Item = (&'a str, Cow<'a, str>)>,
) -> String {
    let mut text = format!("{section} {FORMAT}\n");
    for (word, value) in entries {
        text.push_str(word);
        if !value.is_empty() {
            text.push(' ');
            escape_into(&value, &mut text);
        }
        text.push('\n');
    }
    text
}

/// Checks the total size of all sections of one name.
pub(crate) fn check_size(section: &'static str, bytes: usize) -> Result<(), SectionError> {
    if bytes > SECTION_BYTES_MAX {
        Err(SectionError::TooLarge { section, bytes })
    } else {
        Ok(())
    }
}

fn check_format(section: &'static str, found: &str) -> Result<(), SectionError> {
    if found == FORMAT.to_string() {
        return Ok(());
    }
    Err(SectionError::UnsupportedFormat {
        section,
        found: found.escape_debug().to_string(),
    })
}

fn escape_into(value: &str, text: &mut String) {
    for c in value.chars() {
        match c {
            '\n' => text.push_str(r"\n"),
            '\r' => text.push_str(r"\r"),
            '\\' => text.push_str(r"\\"),
            c => text.push(c),
        }
    }
}

fn unescape(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains('\\') {
        return Some(value.into());
    }
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            c => c,
        });
    }
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_a_linker_joined_are_one_section() {
        let text = [
            write("s", [("a", "1".into())]),
            write("s", [("b", "2 3".into())]),
        ]
        .concat();
        let entries = read("s", text.as_bytes()).expect("joined blocks");
        let pairs: Vec<_> = entries
            .iter()
            .map(|e| (e.word, e.text.as_ref(), e.line))
            .collect();
        assert_eq!(pairs, [("a", "1", 2), ("b", "2 3", 4)]);
    }

    #[test]
    fn refuses_a_section_beyond_the_bound() {
        let mut text = write("s", [("a", "1".into())]);
        text.push_str(&"\n".repeat(SECTION_BYTES_MAX - text.len()));
        assert!(read("s", text.as_bytes()).is_ok());
        text.push('\n');
        let error = read("s", text.as_bytes()).expect_err("too large");
        assert_eq!(
            error,
            SectionError::TooLarge {
                section: "s",
                bytes: SECTION_BYTES_MAX + 1
            }
        );
        assert!(
            error
                .to_string()
                .contains("1048577 bytes, but at most 1048576"),
            "{error}"
        );
    }

    #[test]
    fn rejects_invalid_sections() {
        for (bytes, expected) in [
            (&b""[..], "does not begin"),
            (b"a 1\n", "does not begin"),
            (b"s 2\na 1\n", "format `2`"),
            (b"s\n", "format ``"),
            (b"s 1\na \\q\n", "line 2"),
            (b"s 1\n\xff\n", "byte 4"),
        ] {
            let message = read("s", bytes).expect_err("must refuse").to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
