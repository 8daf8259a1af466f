//! Text for people that is safe to print.
//!
//! `output` prints text only as a [`Page`], and every constructor of a page escapes its input.
//!
//! Tests: `airssys-wasm-cli/src/output/escape.rs`.

use super::escape;

/// Escaped text of one or more lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    /// Creates a page with one line for each text. Line feeds within a text are escaped.
    pub(crate) fn from_lines(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let lines: Vec<String> = lines
            .into_iter()
            .map(|line| escape::line(line.as_ref()))
            .collect();
        Self(lines.join("\n"))
    }

    /// Creates a page of multi-line text that is printed in full: a file, a graph, a result.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(escape::lines(text.trim_end()))
    }

    /// Creates a page of a message that may have several lines. All but the first are indented, so
    /// that they cannot be mistaken for output of the command itself.
    pub(super) fn from_message(first: &str, message: &str) -> Self {
        /// More than the lines of a backtrace.
        const LINES_MAX: usize = 200;
        let mut lines = message.lines();
        let mut page = Self(format!(
            "{first}{}",
            escape::line(lines.next().unwrap_or_default())
        ));
        for line in lines.by_ref().take(LINES_MAX) {
            page.0 += "\n  ";
            page.0 += &escape::line(line);
        }
        match lines.count() {
            0 => page,
            more => page.append(format!("  … ({more} more lines)").into()),
        }
    }

    /// Appends another page below this one.
    pub(crate) fn append(mut self, other: Self) -> Self {
        self.0.push('\n');
        self.0 += &other.0;
        self
    }

    /// Appends a line below this page.
    pub(crate) fn append_line(self, line: impl AsRef<str>) -> Self {
        self.append(Self::from_lines([line]))
    }

    /// Returns the escaped lines.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// Creates a page of a single line.
impl From<&str> for Page {
    fn from(line: &str) -> Self {
        Self(escape::line(line))
    }
}

/// Creates a page of a single line.
impl From<String> for Page {
    fn from(line: String) -> Self {
        Self(escape::line(&line))
    }
}
