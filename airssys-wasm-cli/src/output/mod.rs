//! What a command shows: text for people, JSON for programs; and how it ends.

mod exit;
mod hint;
mod progress;
mod table;

use std::io::Write as _;

use serde::Serialize;

pub(crate) use exit::{EXIT_CODES, exit_code, exit_code_of};
pub(crate) use progress::{Progress, bytes, waiting};
pub(crate) use table::{Table, printable};

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
    fn text(&self) -> String;
}

impl Format {
    /// Shows a value on standard output.
    pub(crate) fn show(self, value: &(impl Serialize + Shown)) {
        match self {
            Self::Text => say(value.text().trim_end()),
            Self::Json => say(&json(value)),
        }
    }

    /// Shows one of many values as a line of JSON.
    pub(crate) fn line(self, value: &impl Serialize) {
        say(&json(value));
    }

    /// Says on standard error why nothing more comes.
    pub(crate) fn complain(self, problem: &Problem) {
        let mut stderr = anstream::stderr().lock();
        // Whoever closed standard error does not want to know.
        let _ = match self {
            Self::Text => write!(stderr, "{}", told(problem)),
            Self::Json => writeln!(stderr, "{}", json(&serde_json::json!({ "error": problem }))),
        };
    }
}

impl Format {
    /// Says on standard error what was done otherwise than asked.
    pub(crate) fn warn(self, what: &str) {
        let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
        let mut stderr = anstream::stderr().lock();
        // Whoever closed standard error does not want to know.
        let _ = match self {
            Self::Text => writeln!(stderr, "{yellow}warning{yellow:#}: {what}"),
            Self::Json => writeln!(stderr, "{}", json(&serde_json::json!({ "warning": what }))),
        };
    }
}

fn told(problem: &Problem) -> String {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let mut text = format!("{red}error{red:#}: {}\n", problem.message);
    for cause in &problem.causes {
        // What the host says often has its cause in it.
        if !problem.message.contains(cause.as_str()) {
            for (place, line) in cause.lines().enumerate() {
                let lead = if place == 0 { "  because: " } else { "    " };
                text += &format!("{lead}{}\n", printable(line));
            }
        }
    }
    if let Some(hint) = problem.hint.or_else(|| hint::hint(&problem.kind)) {
        text += &format!("  try: {hint}\n");
    }
    text
}

fn json(value: &impl Serialize) -> String {
    // What is shown has texts and numbers, which JSON can always say.
    serde_json::to_string(value).unwrap_or_default()
}

/// Prints a line, or ends quietly if nobody reads any more.
pub(crate) fn say(line: &str) {
    if line.is_empty() {
        return;
    }
    let mut stdout = anstream::stdout().lock();
    if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}
