//! The output of a program: unchanged to a pipe or a file, and with control characters escaped on a
//! terminal.
//!
//! Tests: in this file.

use std::io::{IsTerminal, Write};

use parking_lot::Mutex;

use crate::output::safe_text;

/// The standard output or standard error of a program.
pub(super) struct ProgramOutput {
    /// An incomplete character at the end of the last write; `None` if this is not a terminal.
    incomplete: Option<Mutex<Vec<u8>>>,
}

impl ProgramOutput {
    pub(super) fn new(to: &impl IsTerminal) -> Self {
        Self {
            incomplete: to.is_terminal().then(Mutex::default),
        }
    }

    /// Writes `bytes`, escaped if this is a terminal.
    pub(super) fn write(&self, to: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
        match &self.incomplete {
            None => to.write_all(bytes),
            Some(begun) => to.write_all(escape(&mut begun.lock(), bytes).as_bytes()),
        }
    }
}

/// Returns text that is safe on a terminal. Keeps an incomplete character in `begun` for the next
/// call.
fn escape(begun: &mut Vec<u8>, bytes: &[u8]) -> String {
    begun.extend_from_slice(bytes);
    let mut text = String::new();
    let mut rest = &begun[..];
    loop {
        match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(&escape_lines(valid));
                rest = &[];
                break;
            }
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                text.push_str(&escape_lines(&String::from_utf8_lossy(valid)));
                rest = after;
                let Some(length) = error.error_len() else {
                    break;
                };
                text.push(char::REPLACEMENT_CHARACTER);
                rest = &rest[length..];
            }
        }
    }
    *begun = rest.to_vec();
    text
}

/// Escapes text, except line feeds and tabs.
fn escape_lines(text: &str) -> String {
    let kept = |c: char| matches!(c, '\n' | '\t');
    text.split_inclusive(kept)
        .map(|piece| match piece.strip_suffix(kept) {
            // Drops the carriage return of a CRLF. Any other one would overwrite the line, and is
            // escaped.
            Some(line) => {
                format!(
                    "{}{}",
                    safe_text(line.strip_suffix('\r').unwrap_or(line)),
                    &piece[line.len()..]
                )
            }
            None => safe_text(piece),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_gets_lines_and_no_escape_sequences() {
        let mut begun = Vec::new();
        assert_eq!(
            escape(&mut begun, b"one\ttwo\r\nprompt? "),
            "one\ttwo\nprompt? "
        );
        assert_eq!(
            escape(&mut begun, b"\x1b[2Jgone\x07"),
            r"\u{1b}[2Jgone\u{7}"
        );
    }

    #[test]
    fn characters_may_span_writes() {
        let mut begun = Vec::new();
        let text = "ä\u{9b}€";
        let pieces: String = text
            .bytes()
            .map(|byte| escape(&mut begun, &[byte]))
            .collect();
        assert_eq!(pieces, "ä\\u{9b}€");
        assert_eq!(escape(&mut begun, b"\xffx"), "\u{fffd}x");
        assert!(begun.is_empty());
    }
}
