//! Prints the output of commands, as text for people or as JSON for programs, and maps problems to
//! exit codes.
//!
//! Only this module prints, so that everything that reaches a terminal has been escaped by `safe`.
//!
//! Tests: in this file.

mod escape;
mod exit;
mod hint;
mod log;
mod page;
mod progress;
mod table;

use std::io::Write as _;

use serde::Serialize;

pub(crate) use escape::{json as safe_json, lines as safe_text};
pub(crate) use exit::{EXIT_CODES, exit_code, exit_code_of_call};
pub(crate) use log::LogWriter;
pub(crate) use page::Page;
pub(crate) use progress::{Progress, show_byte_progress, show_spinner};
pub(crate) use table::Table;

use crate::api::Problem;

/// The format of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OutputFormat {
    /// Text for people
    #[default]
    Text,
    /// JSON for programs: one value, or one line for each item of a stream
    Json,
}

/// A value with a text representation for people.
pub(crate) trait TextOutput {
    /// Returns the text for people.
    fn text(&self) -> Page;
}

impl OutputFormat {
    /// Prints a value on standard output.
    pub(crate) fn print(self, value: &(impl Serialize + TextOutput)) {
        match self {
            Self::Text => print_page(value.text()),
            Self::Json => print(&escaped_json(value)),
        }
    }

    /// Prints one of many values as a line of JSON, whatever the format.
    pub(crate) fn print_json_line(self, value: &impl Serialize) {
        print(&escaped_json(value));
    }

    /// Prints a problem on standard error.
    pub(crate) fn print_problem(self, problem: &Problem) {
        match self {
            Self::Text => print_error(&render_problem(problem)),
            Self::Json => print_error(&escaped_json(&serde_json::json!({ "error": problem }))),
        }
    }

    /// Prints a warning on standard error.
    pub(crate) fn print_warning(self, what: &str) {
        let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
        match self {
            Self::Text => print_error(
                Page::from_message(&format!("{yellow}warning{yellow:#}: "), what).text(),
            ),
            Self::Json => print_error(&escaped_json(&serde_json::json!({ "warning": what }))),
        }
    }
}

fn render_problem(problem: &Problem) -> String {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let mut page = Page::from_message(&format!("{red}error{red:#}: "), &problem.message);
    for cause in &problem.causes {
        // Messages of the host often include their cause.
        if !problem.message.contains(cause.as_str()) {
            page = page.append(Page::from_message("  because: ", cause));
        }
    }
    if let Some(hint) = problem.hint.or_else(|| hint::hint(&problem.kind)) {
        page = page.append_line(format!("  try: {hint}"));
    }
    page.text().to_owned()
}

fn escaped_json(value: &impl Serialize) -> String {
    // The values consist of text and numbers, so serialization does not fail.
    escape::json(&serde_json::to_string(value).unwrap_or_default())
}

/// Prints a page on standard output.
pub(crate) fn print_page(page: impl Into<Page>) {
    print(page.into().text());
}

/// Prints a line of JSON from another source, escaped.
pub(crate) fn print_json(line: &str) {
    print(&escape::json(line));
}

/// Prints a line on standard error.
pub(crate) fn print_error_line(line: &str) {
    print_error(&escape::line(line));
}

/// Prints a line of JSON on standard error.
pub(crate) fn print_error_json(value: &impl Serialize) {
    print_error(&escaped_json(value));
}

/// Prints the output of the argument parser: help on standard output, errors on standard error.
/// Errors are escaped, since they quote arguments such as file names from untrusted sources.
pub(crate) fn print_usage(error: &clap::Error) {
    let rendered = error.render();
    match error.use_stderr() {
        false => print(rendered.ansi().to_string().trim_end()),
        // Escaping removes the colours as well.
        true if rendered
            .to_string()
            .replace('\n', "")
            .contains(escape::is_invisible) =>
        {
            print_error(escape::lines(&rendered.to_string()).trim_end());
        }
        true => print_error(rendered.ansi().to_string().trim_end()),
    }
}

/// Returns standard output, for lines that [`safe_json`] has escaped.
pub(crate) fn standard_output() -> std::io::Stdout {
    std::io::stdout()
}

/// Prints safe text on standard output. Exits with code 0 if standard output is closed.
fn print(text: &str) {
    if text.is_empty() {
        return;
    }
    let mut stdout = anstream::stdout().lock();
    if writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .is_err()
    {
        std::process::exit(0);
    }
}

/// Prints safe text on standard error.
fn print_error(text: &str) {
    // The caller may have closed standard error on purpose.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_escaped_and_its_lines_are_indented() {
        let problem = Problem::new("usage", "no `\u{9b}31m`\nerror: forged")
            .with_cause("\u{202e}why\ntry: this");
        let rendered = anstream::adapter::strip_str(&render_problem(&problem)).to_string();
        assert_eq!(
            rendered,
            "error: no `\\u{9b}31m`\n  error: forged\n  because: \\u{202e}why\n  try: this"
        );
    }
}
