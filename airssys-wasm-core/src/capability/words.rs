//! Splits a text into words and quotes words for a text.
//!
//! Words are separated by one space. A word, or the value of an option `name=value`, that contains
//! a space or a quote is enclosed in double quotes, where `\"` and `\\` stand for a quote and a
//! backslash.
//! Tests: in this file.

use std::borrow::Cow;

use super::error::ParseProblem;

/// A word and its byte offset in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) offset: usize,
    pub(super) text: String,
    /// The name, for an option; `text` is its value then.
    pub(super) option_name: Option<String>,
}

/// Splits a text into words.
pub(super) fn split_words(text: &str) -> Result<Vec<Word>, ParseProblem> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (word, end) = parse_word(text, at)?;
        words.push(word);
        at = match text[end..].chars().next() {
            None => end,
            Some(' ') if end + 1 < text.len() => end + 1,
            Some(' ') => {
                return Err(ParseProblem::new(
                    end,
                    "there is a space at the end; remove it",
                ));
            }
            Some(_) => return Err(ParseProblem::new(end, "a space is missing after the quote")),
        };
    }
    Ok(words)
}

fn parse_word(text: &str, at: usize) -> Result<(Word, usize), ParseProblem> {
    let rest = &text[at..];
    if rest.starts_with(' ') {
        return Err(ParseProblem::new(
            at,
            "write exactly one space between two words",
        ));
    }
    if rest.starts_with('"') {
        let (value, end) = parse_quoted(text, at)?;
        return Ok((
            Word {
                offset: at,
                text: value,
                option_name: None,
            },
            end,
        ));
    }
    let bare = rest.split(' ').next().unwrap_or_default();
    if let Some((name, value)) = bare.split_once('=')
        && is_option_name(name)
    {
        let value_at = at + name.len() + 1;
        if value.starts_with('"') {
            let (value, end) = parse_quoted(text, value_at)?;
            return Ok((
                Word {
                    offset: at,
                    text: value,
                    option_name: Some(name.into()),
                },
                end,
            ));
        }
        check_bare(value, value_at)?;
        return Ok((
            Word {
                offset: at,
                text: value.into(),
                option_name: Some(name.into()),
            },
            at + bare.len(),
        ));
    }
    check_bare(bare, at)?;
    Ok((
        Word {
            offset: at,
            text: bare.into(),
            option_name: None,
        },
        at + bare.len(),
    ))
}

/// Returns `true` for the name of an option: lower-case letters and `-`, so that a URL with a query
/// is not taken for an option.
fn is_option_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

fn check_bare(word: &str, at: usize) -> Result<(), ParseProblem> {
    match word.find('"') {
        Some(quote) => Err(ParseProblem::new(
            at + quote,
            "quotes must enclose a whole word",
        )),
        None => Ok(()),
    }
}

/// Parses the quoted text that begins at `at`. Returns it with its end.
fn parse_quoted(text: &str, at: usize) -> Result<(String, usize), ParseProblem> {
    let mut value = String::new();
    let inner = text.get(at + 1..).unwrap_or_default();
    let mut chars = inner.char_indices();
    while let Some((offset, c)) = chars.next() {
        let here = at + 1 + offset;
        match c {
            '"' => return Ok((value, here + 1)),
            '\\' => match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                _ => {
                    return Err(ParseProblem::new(
                        here,
                        r#"a `\` in quotes must be followed by `"` or `\`"#,
                    ));
                }
            },
            c => value.push(c),
        }
    }
    Err(ParseProblem::new(at, "a quote is not closed"))
}

/// Splits off a leading quoted word and the space after it.
pub(super) fn split_first_quoted(text: &str) -> Option<(String, &str)> {
    let (word, end) = parse_quoted(text, 0)
        .ok()
        .filter(|_| text.starts_with('"'))?;
    Some((word, text[end..].strip_prefix(' ')?))
}

/// Quotes a word if necessary.
pub(crate) fn quote(word: &str) -> Cow<'_, str> {
    let looks_like_an_option = word
        .split_once('=')
        .is_some_and(|(name, _)| is_option_name(name));
    if looks_like_an_option {
        enclose_in_quotes(word).into()
    } else {
        quote_value(word)
    }
}

/// Quotes the value of an option if necessary.
pub(super) fn quote_value(value: &str) -> Cow<'_, str> {
    if value.is_empty() || value.contains([' ', '"']) {
        enclose_in_quotes(value).into()
    } else {
        value.into()
    }
}

/// Encloses a word in quotes.
pub(super) fn enclose_in_quotes(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(Option<String>, String)> {
        split_words(text)
            .expect(text)
            .into_iter()
            .map(|word| (word.option_name, word.text))
            .collect()
    }

    #[test]
    fn splits_words_quotes_and_options() {
        assert_eq!(
            texts(r#"file-read "/my data" max=64MiB reason="to \"see\" \\""#),
            [
                (None, "file-read".into()),
                (None, "/my data".into()),
                (Some("max".into()), "64MiB".into()),
                (Some("reason".into()), r#"to "see" \"#.into()),
            ]
        );
    }

    #[test]
    fn a_query_is_no_option() {
        assert_eq!(texts("https://a/b?x=1"), [(None, "https://a/b?x=1".into())]);
    }

    #[test]
    fn quoted_words_are_split_unchanged() {
        for word in ["a", "a b", "", "\"", r"\", r#"a\" b"#, "max=1", "/a\\b c"] {
            assert_eq!(texts(&quote(word)), [(None, word.to_owned())], "{word:?}");
        }
    }

    #[test]
    fn errors_have_a_position() {
        for (text, at) in [
            (" a", 0),
            ("a  b", 2),
            ("a ", 1),
            ("a \"b", 2),
            ("a b\"c", 3),
            ("\"a\"b", 3),
            (r#""\n""#, 1),
        ] {
            assert_eq!(split_words(text).expect_err(text).offset, at, "{text:?}");
        }
    }
}
