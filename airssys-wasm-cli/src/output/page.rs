//! What is printed for people: lines that are safe to print, whatever stands in them.
//!
//! A page is the only thing that `output` prints as text, and each of its constructors escapes.
//! Tests: those of `safe`.

use super::safe;

/// Safe text of one or several lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    /// Several lines, each of one text.
    pub(crate) fn of_lines(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let lines: Vec<String> = lines
            .into_iter()
            .map(|line| safe::line(line.as_ref()))
            .collect();
        Self(lines.join("\n"))
    }

    /// A text that has its own lines and is printed in full: a file, a picture, a result.
    pub(crate) fn of_text(text: &str) -> Self {
        Self(safe::lines(text.trim_end()))
    }

    /// A message that may have several lines. All but the first are indented, so that none of
    /// them passes for a line of the command's own.
    pub(super) fn of_message(first: &str, message: &str) -> Self {
        /// What a backtrace has, and some more.
        const LINES_MAX: usize = 200;
        let mut lines = message.lines();
        let mut page = Self(format!(
            "{first}{}",
            safe::line(lines.next().unwrap_or_default())
        ));
        for line in lines.by_ref().take(LINES_MAX) {
            page.0 += "\n  ";
            page.0 += &safe::line(line);
        }
        match lines.count() {
            0 => page,
            more => page.and(format!("  … ({more} more lines)").into()),
        }
    }

    /// This, and another one below it.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.push('\n');
        self.0 += &other.0;
        self
    }

    /// This, and another line below it.
    pub(crate) fn and_line(self, line: impl AsRef<str>) -> Self {
        self.and(Self::of_lines([line]))
    }

    /// The lines, which are safe.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// One line.
impl From<&str> for Page {
    fn from(line: &str) -> Self {
        Self(safe::line(line))
    }
}

/// One line.
impl From<String> for Page {
    fn from(line: String) -> Self {
        Self(safe::line(&line))
    }
}
