//! What a command shows: text for people, JSON for programs; and how it ends.
//!
//! Nothing else prints: whatever reaches a terminal has passed through `safe`.

mod exit;
mod hint;
mod log;
mod page;
mod progress;
mod safe;
mod table;

use std::io::Write as _;

use serde::Serialize;

pub(crate) use exit::{EXIT_CODES, exit_code, exit_code_of};
pub(crate) use log::LogWriter;
pub(crate) use page::Page;
pub(crate) use progress::{Progress, bytes, waiting};
pub(crate) use safe::{json as safe_json, lines as safe_text};
pub(crate) use table::Table;

use crate::api::Problem;

/// For whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON value, or a line each for what goes on.
    Json,
}

/// Something that is shown.
pub(crate) trait Shown {
    /// Lines for people.
    fn text(&self) -> Page;
}

impl Format {
    /// Shows a value on standard output.
    pub(crate) fn show(self, value: &(impl Serialize + Shown)) {
        match self {
            Self::Text => say(value.text()),
            Self::Json => print(&json(value)),
        }
    }

    /// Shows one of many values as a line of JSON.
    pub(crate) fn line(self, value: &impl Serialize) {
        print(&json(value));
    }

    /// Says on standard error why nothing more comes.
    pub(crate) fn complain(self, problem: &Problem) {
        match self {
            Self::Text => print_error(&told(problem)),
            Self::Json => print_error(&json(&serde_json::json!({ "error": problem }))),
        }
    }

    /// Says on standard error what was done otherwise than asked.
    pub(crate) fn warn(self, what: &str) {
        let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
        match self {
            Self::Text => {
                print_error(Page::of_message(&format!("{yellow}warning{yellow:#}: "), what).text())
            }
            Self::Json => print_error(&json(&serde_json::json!({ "warning": what }))),
        }
    }
}

fn told(problem: &Problem) -> String {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let mut page = Page::of_message(&format!("{red}error{red:#}: "), &problem.message);
    for cause in &problem.causes {
        // What the host says often has its cause in it.
        if !problem.message.contains(cause.as_str()) {
            page = page.and(Page::of_message("  because: ", cause));
        }
    }
    if let Some(hint) = problem.hint.or_else(|| hint::hint(&problem.kind)) {
        page = page.and_line(format!("  try: {hint}"));
    }
    page.text().to_owned()
}

fn json(value: &impl Serialize) -> String {
    // What is shown has texts and numbers, which JSON can always say.
    safe::json(&serde_json::to_string(value).unwrap_or_default())
}

/// Prints what is for people.
pub(crate) fn say(page: impl Into<Page>) {
    print(page.into().text());
}

/// Prints a line of JSON that somebody else wrote.
pub(crate) fn say_json(line: &str) {
    print(&safe::json(line));
}

/// Prints a line on standard error, beside what is printed on standard output.
pub(crate) fn mention(line: &str) {
    print_error(&safe::line(line));
}

/// Prints a line of JSON on standard error.
pub(crate) fn mention_json(value: &impl Serialize) {
    print_error(&json(value));
}

/// Prints what the parser of arguments says: help on standard output, a slip on standard error.
/// Arguments may be names of files, which anybody may have chosen.
pub(crate) fn say_usage(error: &clap::Error) {
    let rendered = error.render();
    match error.use_stderr() {
        false => print(rendered.ansi().to_string().trim_end()),
        // Colours are lost in text that has to be escaped.
        true if rendered
            .to_string()
            .replace('\n', "")
            .contains(safe::is_unseen) =>
        {
            print_error(safe::lines(&rendered.to_string()).trim_end());
        }
        true => print_error(rendered.ansi().to_string().trim_end()),
    }
}

/// Standard output, for lines that [`safe_json`] wrote.
pub(crate) fn standard_output() -> std::io::Stdout {
    std::io::stdout()
}

/// Prints safe text, or ends quietly if nobody reads any more.
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
    // A closed standard error is the caller's choice.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_safe_and_its_lines_pass_for_no_others() {
        let problem = Problem::new("usage", "no `\u{9b}31m`\nerror: forged")
            .because("\u{202e}why\ntry: this");
        let told = anstream::adapter::strip_str(&told(&problem)).to_string();
        assert_eq!(
            told,
            "error: no `\\u{9b}31m`\n  error: forged\n  because: \\u{202e}why\n  try: this"
        );
    }
}
