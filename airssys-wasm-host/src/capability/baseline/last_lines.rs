//! The last lines of a stream in one call, for the error of a call that fails.
//!
//! Tests: in this file.

use std::collections::VecDeque;

use crate::observe::CallId;

/// The most lines retained.
const LINES_MAX: usize = 20;
/// The most bytes retained, line feeds included.
const BYTES_MAX: usize = 4 << 10;

/// The last lines of the latest call that wrote any.
#[derive(Default)]
pub(super) struct LastLines {
    call: CallId,
    lines: VecDeque<String>,
    bytes: usize,
}

impl LastLines {
    pub(super) fn push(&mut self, call: CallId, line: &[u8]) {
        if self.call != call {
            *self = Self {
                call,
                ..Self::default()
            };
        }
        let mut line = String::from_utf8_lossy(line).into_owned();
        line.truncate(line.floor_char_boundary(BYTES_MAX - 1));
        self.bytes += line.len() + 1;
        self.lines.push_back(line);
        while self.lines.len() > LINES_MAX || self.bytes > BYTES_MAX {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len() + 1);
        }
    }

    /// Returns the lines written in `call`, if there are any.
    pub(super) fn in_call(&self, call: CallId) -> Option<String> {
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        // A panic message begins with an empty line.
        let text = lines.join("\n");
        let text = text.trim_start_matches('\n');
        (self.call == call && !text.is_empty()).then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: CallId = CallId {
        instance: 1,
        call: 1,
    };

    #[test]
    fn retains_a_limited_number_of_lines_and_bytes() {
        let mut last = LastLines::default();
        (0..100).for_each(|number| last.push(CALL, number.to_string().as_bytes()));
        let text = last.in_call(CALL).expect("lines");
        assert!(text.starts_with("80\n") && text.ends_with("\n99"), "{text}");
        (0..3).for_each(|_| last.push(CALL, "ä".repeat(BYTES_MAX).as_bytes()));
        assert_eq!(last.in_call(CALL).expect("a line").len(), BYTES_MAX - 2);
    }

    #[test]
    fn drops_the_lines_of_another_call() {
        let mut last = LastLines::default();
        last.push(CallId::default(), b"while it starts");
        assert_eq!(last.in_call(CALL), None);
        last.push(CALL, b"now");
        assert_eq!(last.in_call(CALL).as_deref(), Some("now"));
    }
}
