//! Names between slashes, with `*` within one and `**` for any number of them.
//!
//! The time a match takes grows with the product of both lengths and no faster.
//! Tests: below; against a reference matcher in `tests/reference`.

use std::fmt;

use super::error::Problem;
use crate::steps::step;

/// What stands between two slashes of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Segment {
    Name(String),
    /// A name with `*` in it.
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
                "`**` stands alone between two `/`; within a name write `*`",
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

/// Whether the segments match the names; `open_ended` lets more names follow. A last
/// `**` matches one name at least.
pub(super) fn matches(segments: &[Segment], names: &[&str], open_ended: bool) -> bool {
    let (mut segment, mut name) = (0, 0);
    // After the last `**`: the segment, and the name that it was tried with.
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

/// Whether some longer list than these names could be matched.
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

/// All names before a `**`, and how many stand before each.
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

/// Whether a pattern with `*` matches a whole text.
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
