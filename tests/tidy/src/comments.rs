//! The openings of doc comments, and phrases that have a plainer form.

use crate::report::Report;
use crate::source::{Crate, Source};

/// A doc comment opens with a verb or a noun, not with a relative clause.
const RELATIVE: [&str; 12] = [
    "What", "Who", "Whose", "Whom", "Which", "Whether", "How", "Where", "Whoever", "Whatever",
    "So many", "The same",
];

/// A phrase, and words to write instead.
const PHRASES: [(&str, &str); 27] = [
    ("unless said", "by default"),
    ("was said", "was specified"),
    ("is said", "is specified"),
    ("be said", "be specified"),
    ("anew", "again"),
    ("whoever", "any client, the caller, the operator"),
    ("whosever", "the role whose it is"),
    ("is told", "is reported, is logged, receives"),
    ("are told", "are reported, receive"),
    ("was told", "was reported, received"),
    ("tells of", "reports, logs"),
    ("told of", "notified of"),
    ("serves on", "keeps serving"),
    ("goes on", "continues"),
    ("go on", "continue"),
    ("so many", "the number of"),
    ("that is none", "that is not valid"),
    ("what serves", "the active revision"),
    ("what is open", "open resources"),
    ("who asks", "the caller"),
    ("in its turn", "in order"),
    ("takes its turn", "is scheduled"),
    ("made true", "applied"),
    ("comes to nothing", "fails, has no effect"),
    ("for good", "permanently"),
    ("done aside", "in the background"),
    ("otherwise than", "differently from"),
];

/// Checks all comments, and the strings that people read.
pub(crate) fn check(sources: &Crate, report: &mut Report) {
    for source in &sources.files {
        openings(source, report);
        phrases(source, report);
    }
}

fn openings(source: &Source, report: &mut Report) {
    let mut in_block = false;
    for (line, text) in lines(source) {
        let Some(words) = text
            .strip_prefix("///")
            .or_else(|| text.strip_prefix("//!"))
        else {
            in_block = false;
            continue;
        };
        if !std::mem::replace(&mut in_block, true) {
            report.count("doc comments");
            if let Some(opening) = RELATIVE.iter().find(|opening| opens_with(words, opening)) {
                report.add(
                    &source.path,
                    line,
                    format!("a doc comment opens with `{opening}`; open with a verb or a noun"),
                );
            }
        }
    }
}

fn opens_with(words: &str, opening: &str) -> bool {
    let rest = words.trim_start().strip_prefix(opening);
    rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
}

fn phrases(source: &Source, report: &mut Report) {
    // The list of phrases itself.
    if source.path.ends_with("tidy/src/comments.rs") {
        return;
    }
    for (line, text) in lines(source) {
        let prose = prose(text).to_lowercase();
        for (phrase, instead) in PHRASES {
            if contains_words(&prose, phrase) {
                report.add(&source.path, line, format!("`{phrase}`: write {instead}"));
            }
        }
    }
}

fn lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let lines = source.text.lines().enumerate();
    lines.map(|(number, line)| (number + 1, line.trim()))
}

/// The comment of a line, or else what stands between its quotation marks.
fn prose(line: &str) -> String {
    match line.find("//") {
        Some(start) if !line[..start].contains('"') => line[start..].to_owned(),
        _ => line
            .split('"')
            .skip(1)
            .step_by(2)
            .collect::<Vec<_>>()
            .join(" "),
    }
}

fn contains_words(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        let is_border =
            |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '`');
        is_border(before) && is_border(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let mut report = Report::default();
        check(&Crate::from_texts(&[("a.rs", text)]), &mut report);
        report.findings().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_relative_opening_is_found() {
        let found =
            findings("//! A file.\n\n/// What serves.\nfn a() {}\n/// Whatsapp.\nfn b() {}\n");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("a.rs:3: a doc comment opens with `What`"));
        assert!(found[1].contains("`what serves`: write the active revision"));
    }

    #[test]
    fn a_phrase_in_a_message_is_found_and_in_code_not() {
        assert_eq!(findings("fn a() { b(\"goes on\"); }").len(), 1);
        assert_eq!(findings("fn anew() {}").len(), 0);
    }
}
