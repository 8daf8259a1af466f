//! Patterns over slash-separated names: `*` within a name, `**` for any number of names.
//!
//! The time of a match is bounded by the product of both lengths.
//! Tests: in this file, `airssys-wasm-core/tests/reference`.

use std::fmt;

use super::error::ParseProblem;
use crate::steps::count_steps;

/// The part of a pattern between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum PatternSegment {
    Name(String),
    /// A name that contains `*`.
    Wildcard(String),
    /// `**`.
    AnyDepth,
}

impl PatternSegment {
    pub(super) fn parse(text: &str, at: usize) -> Result<Self, ParseProblem> {
        match text {
            "**" => Ok(Self::AnyDepth),
            _ if text.contains("**") => Err(ParseProblem::new(
                at,
                "`**` must be alone between two `/`; within a name write `*`",
            )),
            _ if text.contains('*') => Ok(Self::Wildcard(text.into())),
            _ => Ok(Self::Name(text.into())),
        }
    }

    pub(super) fn is_name(&self) -> bool {
        matches!(self, Self::Name(_))
    }

    fn matches_name(&self, name: &str) -> bool {
        match self {
            Self::Name(expected) => expected == name,
            Self::Wildcard(pattern) => wildcard_matches(pattern, name),
            Self::AnyDepth => true,
        }
    }
}

impl fmt::Display for PatternSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name(text) | Self::Wildcard(text) => text,
            Self::AnyDepth => "**",
        })
    }
}

/// The part of a list of names that a pattern must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchExtent {
    /// All names.
    Whole,
    /// The first names. Any others may follow.
    Prefix,
}

/// Returns `true` if the segments match the names. A trailing `**` matches at least one name.
pub(super) fn segments_match(
    segments: &[PatternSegment],
    names: &[&str],
    extent: MatchExtent,
) -> bool {
    let (mut segment, mut name) = (0, 0);
    // The segment after the last `**`, and the name it was last tried with.
    let mut again: Option<(usize, usize)> = None;
    loop {
        count_steps(1);
        match segments.get(segment) {
            None if extent == MatchExtent::Prefix || name == names.len() => return true,
            Some(PatternSegment::AnyDepth) if segment + 1 == segments.len() => {
                return name < names.len();
            }
            Some(PatternSegment::AnyDepth) => {
                segment += 1;
                again = Some((segment, name));
                continue;
            }
            Some(expected)
                if names
                    .get(name)
                    .is_some_and(|name| expected.matches_name(name)) =>
            {
                segment += 1;
                name += 1;
                continue;
            }
            _ => {}
        }
        match &mut again {
            Some((after, tried)) if *tried < names.len() => {
                *tried += 1;
                (segment, name) = (*after, *tried);
            }
            _ => return false,
        }
    }
}

/// Returns `true` if the segments could match a longer list that starts with these names.
pub(super) fn may_match_below(segments: &[PatternSegment], names: &[&str]) -> bool {
    let mut segments = segments.iter();
    for name in names {
        match segments.next() {
            Some(PatternSegment::AnyDepth) => return true,
            Some(segment) if segment.matches_name(name) => {}
            _ => return false,
        }
    }
    segments.next().is_some()
}

/// Returns the literal names before the first `**`, with their positions.
pub(super) fn literal_names(segments: &[PatternSegment]) -> impl Iterator<Item = (usize, &str)> {
    let fixed = segments
        .iter()
        .take_while(|segment| **segment != PatternSegment::AnyDepth)
        .enumerate();
    fixed.filter_map(|(place, segment)| match segment {
        PatternSegment::Name(name) => Some((place, name.as_str())),
        _ => None,
    })
}

/// Returns `true` if a pattern with `*` matches the whole text.
pub(crate) fn wildcard_matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_in_shells() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "a", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("*a", "aa", true),
            ("a*a", "a", false),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
        ] {
            assert_eq!(
                wildcard_matches(pattern, text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn many_double_wildcards_match_fast() {
        let segments: Vec<_> = (0..200)
            .map(|n| {
                if n % 2 == 0 {
                    PatternSegment::AnyDepth
                } else {
                    PatternSegment::Name("a".into())
                }
            })
            .collect();
        let names = vec!["a"; 5_000];
        assert!(segments_match(&segments, &names, MatchExtent::Prefix));
        let never: Vec<_> = segments
            .into_iter()
            .chain([PatternSegment::Name("b".into())])
            .collect();
        assert!(!segments_match(&never, &names, MatchExtent::Whole));
    }
}
