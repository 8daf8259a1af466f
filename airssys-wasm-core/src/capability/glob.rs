//! Patterns over slash-separated names: `*` within a name, `**` for any number of names.
//!
//! The time of a match is bounded by the product of both lengths.
//! Tests: in this file, `airssys-wasm-core/tests/reference`.

use std::fmt;

use super::error::Problem;
use crate::steps::step;

/// The part of a pattern between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Segment {
    Name(String),
    /// A name that contains `*`.
    Wild(String),
    /// `**`.
    AnyDepth,
}

impl Segment {
    pub(super) fn parse(text: &str, at: usize) -> Result<Self, Problem> {
        match text {
            "**" => Ok(Self::AnyDepth),
            _ if text.contains("**") => Err(Problem::new(
                at,
                "`**` must be alone between two `/`; within a name write `*`",
            )),
            _ if text.contains('*') => Ok(Self::Wild(text.into())),
            _ => Ok(Self::Name(text.into())),
        }
    }

    pub(super) fn is_name(&self) -> bool {
        matches!(self, Self::Name(_))
    }

    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Name(expected) => expected == name,
            Self::Wild(pattern) => fits(pattern, name),
            Self::AnyDepth => true,
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name(text) | Self::Wild(text) => text,
            Self::AnyDepth => "**",
        })
    }
}

/// Returns `true` if the segments match the names. With `open_ended`, further names may follow. A
/// trailing `**` matches at least one name.
pub(super) fn matches(segments: &[Segment], names: &[&str], open_ended: bool) -> bool {
    let (mut segment, mut name) = (0, 0);
    // The segment after the last `**`, and the name it was last tried with.
    let mut again: Option<(usize, usize)> = None;
    loop {
        step(1);
        match segments.get(segment) {
            None if open_ended || name == names.len() => return true,
            Some(Segment::AnyDepth) if segment + 1 == segments.len() => return name < names.len(),
            Some(Segment::AnyDepth) => {
                segment += 1;
                again = Some((segment, name));
                continue;
            }
            Some(expected) if names.get(name).is_some_and(|name| expected.fits(name)) => {
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
pub(super) fn leads(segments: &[Segment], names: &[&str]) -> bool {
    let mut segments = segments.iter();
    for name in names {
        match segments.next() {
            Some(Segment::AnyDepth) => return true,
            Some(segment) if segment.fits(name) => {}
            _ => return false,
        }
    }
    segments.next().is_some()
}

/// Returns the literal names before the first `**`, with their positions.
pub(super) fn fixed_names(segments: &[Segment]) -> impl Iterator<Item = (usize, &str)> {
    let fixed = segments
        .iter()
        .take_while(|segment| **segment != Segment::AnyDepth)
        .enumerate();
    fixed.filter_map(|(place, segment)| match segment {
        Segment::Name(name) => Some((place, name.as_str())),
        _ => None,
    })
}

/// Returns `true` if a pattern with `*` matches the whole text.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
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
    fn wild_names_match_as_shells_do() {
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
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_depths_do_not_take_long() {
        let segments: Vec<_> = (0..200)
            .map(|n| {
                if n % 2 == 0 {
                    Segment::AnyDepth
                } else {
                    Segment::Name("a".into())
                }
            })
            .collect();
        let names = vec!["a"; 5_000];
        assert!(matches(&segments, &names, true));
        let never: Vec<_> = segments
            .into_iter()
            .chain([Segment::Name("b".into())])
            .collect();
        assert!(!matches(&never, &names, false));
    }
}
