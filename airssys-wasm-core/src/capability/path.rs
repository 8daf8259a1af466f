//! Patterns of paths, as a component sees them.
//!
//! A pattern that ends in a name matches that file, or that directory and everything below it. `*`
//! matches any characters within one name, `**` any number of directories; a pattern that ends in a
//! wildcard matches exactly what the wildcard matches. Only compares text; the host resolves the
//! paths.
//! Tests: in this file, `airssys-wasm-core/tests/reference`.

use std::fmt;

use super::error::{ParseProblem, is_hidden};
use super::glob::{self, MatchExtent, PatternSegment};

/// A pattern of absolute paths.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PathPattern {
    segments: Vec<PatternSegment>,
}

impl PathPattern {
    pub(super) fn parse(text: &str) -> Result<Self, ParseProblem> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(ParseProblem::new(
                0,
                "a path begins with `/`: it is absolute, as the component sees it",
            ));
        };
        check_characters(text)?;
        let mut segments = Vec::new();
        let mut at = 1;
        if !rest.is_empty() {
            for text in rest.split('/') {
                segments.push(parse_segment(text, at)?);
                at += text.len() + 1;
            }
        }
        // `/data/**` is equivalent to `/data`.
        if let Some((PatternSegment::AnyDepth, above)) = segments.split_last()
            && above.last().is_none_or(PatternSegment::is_name)
        {
            segments.pop();
        }
        Ok(Self { segments })
    }

    /// Returns the directory that contains all possible matches: `/data` for `/data/*.csv`, and for
    /// `/data` itself.
    #[must_use]
    pub(crate) fn root(&self) -> String {
        let names = self.segments.iter().map_while(|segment| match segment {
            PatternSegment::Name(name) => Some(name.as_str()),
            _ => None,
        });
        names.fold(String::new(), |path, name| path + "/" + name)
    }

    /// Returns `true` if the pattern matches [`root`](Self::root) and everything below it.
    pub(crate) fn is_subtree(&self) -> bool {
        self.segments.iter().all(PatternSegment::is_name)
    }

    /// Returns the literal names that every matching path contains, with their positions.
    pub(crate) fn literal_names(&self) -> impl Iterator<Item = (usize, &str)> {
        glob::literal_names(&self.segments)
    }

    /// Returns `true` if the pattern matches a canonical path, given as its names.
    pub(crate) fn matches(&self, path: &[&str]) -> bool {
        let extent = match self.segments.last() {
            Some(PatternSegment::Wildcard(_) | PatternSegment::AnyDepth) => MatchExtent::Whole,
            Some(PatternSegment::Name(_)) | None => MatchExtent::Prefix,
        };
        glob::segments_match(&self.segments, path, extent)
    }

    /// Returns `true` if something below `path` could match, so that it may be traversed.
    pub(crate) fn may_match_below(&self, path: &[&str]) -> bool {
        glob::may_match_below(&self.segments, path)
    }

    /// Returns `true` if this pattern matches every path that `other` matches. Returns `false` if
    /// that is uncertain.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        if self.is_subtree() {
            return self.segments.len() <= other.segments.len()
                && other.segments[..self.segments.len()] == self.segments[..];
        }
        // A pattern that ends in `**` covers every pattern with the same beginning.
        self.segments.split_last().is_some_and(|(last, first)| {
            *last == PatternSegment::AnyDepth
                && other.segments.len() > first.len()
                && first.iter().zip(&other.segments).all(|(a, b)| {
                    a == b
                        || (matches!(a, PatternSegment::Wildcard(w) if w == "*")
                            && *b != PatternSegment::AnyDepth)
                })
        })
    }
}

fn parse_segment(text: &str, at: usize) -> Result<PatternSegment, ParseProblem> {
    match text {
        "" => Err(ParseProblem::new(
            at,
            "write each `/` once, and none at the end",
        )),
        "." | ".." => Err(ParseProblem::new(
            at,
            "`.` and `..` are not allowed: write the path they lead to",
        )),
        _ => PatternSegment::parse(text, at),
    }
}

fn check_characters(text: &str) -> Result<(), ParseProblem> {
    let wrong = text.char_indices().find_map(|(at, c)| match c {
        '\\' => Some((
            at,
            "separate the segments of a path by `/`, not by a backslash",
        )),
        '[' | ']' | '{' | '}' | '?' => Some((
            at,
            "patterns only have `*` and `**`; write a line for each alternative",
        )),
        c if is_hidden(c) => Some((at, "a path must have no control or invisible characters")),
        _ => None,
    });
    wrong.map_or(Ok(()), |(at, what)| Err(ParseProblem::new(at, what)))
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segments.is_empty() {
            return f.write_str("/");
        }
        self.segments.iter().try_for_each(|segment| match segment {
            PatternSegment::Name(text) | PatternSegment::Wildcard(text) => write!(f, "/{text}"),
            PatternSegment::AnyDepth => f.write_str("/**"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::parse(text).expect(text)
    }

    fn names(path: &str) -> Vec<&str> {
        path.split('/').filter(|name| !name.is_empty()).collect()
    }

    #[test]
    fn a_trailing_name_matches_the_whole_directory() {
        for (text, path, expected) in [
            ("/data", "/data", true),
            ("/data", "/data/a/b", true),
            ("/data", "/database", false),
            ("/data", "/data2/a", false),
            ("/data", "/", false),
            ("/data", "/DATA", false),
            ("/", "/anything", true),
            ("/data/*.csv", "/data/a.csv", true),
            ("/data/*.csv", "/data/.csv", true),
            ("/data/*.csv", "/data/a/b.csv", false),
            ("/data/*.csv", "/data/a.csv/b", false),
            ("/data/*", "/data", false),
            ("/data/*/out", "/data/x/out/y", true),
            ("/data/**/out", "/data/out", true),
            ("/data/**/out", "/data/a/b/out/c", true),
            ("/data/**/*.csv", "/data/a.csv", true),
            ("/data/**/*.csv", "/data/a/b/c.csv", true),
            ("/data/**/*.csv", "/data/a/b/c.txt", false),
            ("/data/*/**", "/data/x", false),
            ("/data/*/**", "/data/x/y/z", true),
        ] {
            assert_eq!(
                pattern(text).matches(&names(path)),
                expected,
                "{text} {path}"
            );
        }
    }

    #[test]
    fn parent_directories_may_be_traversed() {
        for (text, path, expected) in [
            ("/data/*.csv", "/data", true),
            ("/data/*.csv", "/", true),
            ("/data/*.csv", "/data/a", false),
            ("/data/**/x", "/data/a/b", true),
            ("/data/*/x", "/data/a", true),
            ("/data", "/data", false),
            ("/data", "/other", false),
        ] {
            assert_eq!(
                pattern(text).may_match_below(&names(path)),
                expected,
                "{text} {path}"
            );
        }
    }

    #[test]
    fn trailing_double_wildcard_is_canonicalized() {
        assert_eq!(pattern("/data/**").to_string(), "/data");
        assert_eq!(pattern("/**").to_string(), "/");
        assert_eq!(pattern("/data/*/**").to_string(), "/data/*/**");
        assert_eq!(pattern("/data/*.csv").root(), "/data");
        assert_eq!(pattern("/").root(), "");
    }

    #[test]
    fn covers_narrower_paths() {
        for (wide, narrow, expected) in [
            ("/data", "/data/a", true),
            ("/data", "/data/*.csv", true),
            ("/data", "/database", false),
            ("/data/*/**", "/data/a/b", true),
            ("/data/a", "/data", false),
            ("/", "/x/**/y", true),
            ("/data/*.csv", "/data/*.csv", true),
            ("/data/*.csv", "/data/a.csv", false),
        ] {
            assert_eq!(
                pattern(wide).covers(&pattern(narrow)),
                expected,
                "{wide} {narrow}"
            );
        }
    }
}
