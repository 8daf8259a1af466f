//! Escapes untrusted text, so that text from a component, a registry or a file cannot move the
//! cursor, hide output or imitate other output.
//!
//! Everything that the command prints passes through this file. Text keeps its visible characters,
//! and all others are escaped. JSON keeps its values, with the same characters as `\uXXXX`.
//!
//! Tests: in this file, `airssys-wasm-cli/tests/cli/terminal.rs`.

use std::fmt::Write as _;

/// The maximum length of a printed line, in characters. Rules and quotations in errors are shorter.
const LINE_CHARACTERS_MAX: usize = 10_000;

/// Ranges of characters that are invisible or affect how others are displayed: controls, format
/// characters, line separators, and all characters that Unicode classifies as default ignorable.
const INVISIBLE: [(u32, u32); 31] = [
    (0x00, 0x1f),         // controls
    (0x7f, 0x9f),         // delete, C1 controls
    (0xad, 0xad),         // soft hyphen
    (0x34f, 0x34f),       // grapheme joiner
    (0x600, 0x605),       // Arabic number signs
    (0x61c, 0x61c),       // Arabic letter mark
    (0x6dd, 0x6dd),       // Arabic end of ayah
    (0x70f, 0x70f),       // Syriac abbreviation mark
    (0x890, 0x891),       // Arabic currency marks above
    (0x8e2, 0x8e2),       // Arabic disputed end of ayah
    (0x115f, 0x1160),     // Hangul fillers
    (0x17b4, 0x17b5),     // Khmer inherent vowels
    (0x180b, 0x180f),     // Mongolian selectors and separator
    (0x200b, 0x200f),     // zero-width characters, marks of direction
    (0x2028, 0x202e),     // separators, embeddings and overrides of direction
    (0x2060, 0x206f),     // word joiner, invisible operators, isolates
    (0x2800, 0x2800),     // empty Braille pattern
    (0x3164, 0x3164),     // Hangul filler
    (0xd800, 0xf8ff),     // surrogates, private use: their appearance depends on the font
    (0xfe00, 0xfe0f),     // variation selectors
    (0xfeff, 0xfeff),     // byte order mark
    (0xffa0, 0xffa0),     // half-width Hangul filler
    (0xfff0, 0xfffb),     // reserved, interlinear annotations
    (0x110bd, 0x110bd),   // Kaithi number sign
    (0x110cd, 0x110cd),   // Kaithi number sign above
    (0x13430, 0x1343f),   // Egyptian format controls
    (0x1bca0, 0x1bca3),   // shorthand format controls
    (0x1d173, 0x1d17a),   // musical format controls
    (0xe0000, 0xe0fff),   // tags, variation selectors
    (0xf0000, 0xffffd),   // private use
    (0x100000, 0x10fffd), // private use
];

/// Returns `true` if a character is invisible or affects how others are displayed.
pub(super) fn is_invisible(c: char) -> bool {
    let c = u32::from(c);
    let place = INVISIBLE.partition_point(|(_, last)| *last < c);
    INVISIBLE.get(place).is_some_and(|(first, _)| *first <= c)
}

/// Escapes text as one line. Line feeds are escaped as well, so that the text cannot imitate
/// several lines. Text over the maximum length is cut, with a note of how much is missing.
pub(crate) fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count == LINE_CHARACTERS_MAX {
            let more = text.chars().count() - count;
            // Writing to a string cannot fail.
            let _ = write!(safe, "… ({more} more characters)");
            break;
        }
        push_escaped(&mut safe, c);
    }
    safe
}

/// Escapes multi-line text in full: the result of a call, a file, a graph.
pub(crate) fn lines(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    text.chars().for_each(|c| {
        if c == '\n' {
            safe.push(c)
        } else {
            push_escaped(&mut safe, c)
        }
    });
    safe
}

/// Escapes JSON without changing its value: invisible characters occur only inside its strings.
pub(crate) fn json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if is_invisible(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

fn push_escaped(safe: &mut String, c: char) {
    if is_invisible(c) {
        safe.extend(c.escape_default())
    } else {
        safe.push(c)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// Checks every character against the Unicode classes.
    #[test]
    fn the_ranges_cover_all_control_format_and_ignorable_characters() {
        let class = r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]";
        let class = regex::Regex::new(class).expect("a class");
        let mut text = [0; 4];
        for c in '\0'..=char::MAX {
            if class.is_match(c.encode_utf8(&mut text)) {
                assert!(is_invisible(c), "{}", c.escape_unicode());
            }
        }
        assert!(
            INVISIBLE.windows(2).all(|pair| pair[0].1 < pair[1].0),
            "the ranges are sorted"
        );
    }

    #[test]
    fn visible_text_is_unchanged() {
        for text in ["plain", "ä ñ 漢字 🦀 \u{1f600}", "a\\b \"c\" `d`", "₂½"] {
            assert_eq!(line(text), text);
            assert_eq!(lines(text), text);
        }
        assert_eq!(lines("a\nb"), "a\nb");
        assert_eq!(line("a\nb"), "a\\nb");
        assert_eq!(
            line("\u{1b}[31m\u{9b}2J\u{202e}"),
            "\\u{1b}[31m\\u{9b}2J\\u{202e}"
        );
    }

    #[test]
    fn a_long_line_is_cut_with_a_note() {
        let cut = line(&"x".repeat(LINE_CHARACTERS_MAX + 7));
        assert!(
            cut.ends_with("x… (7 more characters)"),
            "{}",
            &cut[LINE_CHARACTERS_MAX - 3..]
        );
        assert_eq!(
            line(&"x".repeat(LINE_CHARACTERS_MAX)).len(),
            LINE_CHARACTERS_MAX
        );
    }

    /// All printing happens in this folder, which escapes its input.
    #[test]
    fn only_the_output_module_prints() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for file in files(&sources) {
            // `run` escapes the output of its program separately, and only on a terminal.
            let is_program = file.ends_with("command/run/program.rs");
            if file.starts_with(sources.join("output")) || is_program {
                continue;
            }
            let text = std::fs::read_to_string(&file).expect("a source");
            let macros = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
            for word in macros
                .into_iter()
                .chain(["stdout()", "stderr()", "print()", "stderr_lock"])
            {
                let prints = text
                    .lines()
                    .any(|line| has_word(line, word) && !line.trim().starts_with("//"));
                assert!(!prints, "{}: `{word}`", file.display());
            }
        }
    }

    /// Returns `true` if a line has the word, and not only as the end of a longer one such as
    /// `guest_stderr()`.
    fn has_word(line: &str, word: &str) -> bool {
        line.match_indices(word).any(|(place, _)| {
            !line[..place].ends_with(|before: char| before.is_alphanumeric() || before == '_')
        })
    }

    fn files(folder: &Path) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path());
        entries
            .flat_map(|path| {
                if path.is_dir() {
                    files(&path)
                } else {
                    vec![path]
                }
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_unseen_is_left_and_json_keeps_its_value(text in any::<String>()) {
            prop_assert!(!line(&text).contains(is_invisible));
            prop_assert!(!lines(&text).replace('\n', "").contains(is_invisible));
            let written = json(&serde_json::to_string(&text).expect("text"));
            prop_assert!(!written.contains(is_invisible));
            prop_assert_eq!(serde_json::from_str::<String>(&written).expect("JSON"), text);
        }
    }
}
