//! Sets of ports: `443`, `80,443`, `8000-8099`, `*`.
//!
//! Tests: in this file.

use std::fmt;

use super::error::ParseProblem;

const ADVICE: &str = "a port is a number from 1 to 65535, a range `8000-8099`, a list `80,443`, or `*`; write an IPv6 address in brackets, `[::1]:443`";

/// A set of ports, as sorted ranges that neither overlap nor touch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PortSet(Vec<(u16, u16)>);

impl PortSet {
    pub(super) fn any() -> Self {
        Self(vec![(1, u16::MAX)])
    }

    pub(super) fn single(port: u16) -> Self {
        Self(vec![(port, port)])
    }

    pub(super) fn parse(text: &str) -> Result<Self, ParseProblem> {
        if text == "*" {
            return Ok(Self::any());
        }
        let mut ranges = Vec::new();
        let mut at = 0;
        for part in text.split(',') {
            ranges.push(parse_range(part).ok_or_else(|| ParseProblem::new(at, ADVICE))?);
            at += part.len() + 1;
        }
        Ok(Self(merge_ranges(ranges)))
    }

    pub(crate) fn is_any(&self) -> bool {
        *self == Self::any()
    }

    pub(crate) fn contains(&self, port: u16) -> bool {
        self.0
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&port))
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        other
            .0
            .iter()
            .all(|(first, last)| self.0.iter().any(|(from, to)| from <= first && last <= to))
    }
}

/// Sorts ranges, and merges those that overlap or touch.
fn merge_ranges(mut ranges: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::new();
    for (first, last) in ranges {
        match joined.last_mut() {
            Some((_, end)) if u32::from(first) <= u32::from(*end) + 1 => *end = last.max(*end),
            _ => joined.push((first, last)),
        }
    }
    joined
}

fn parse_range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (parse_port(first)?, parse_port(last)?);
    (first <= last).then_some((first, last))
}

fn parse_port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            return f.write_str("*");
        }
        for (n, (first, last)) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_is_unique() {
        for (text, canonical) in [
            ("443", "443"),
            ("443,80", "80,443"),
            ("1-65535", "*"),
            ("80-90,85-99,100", "80-100"),
            ("*", "*"),
        ] {
            assert_eq!(PortSet::parse(text).expect(text).to_string(), canonical);
        }
    }

    #[test]
    fn rejects_invalid_ports() {
        for text in [
            "", "0", "65536", "080", "+80", "80-", "90-80", "80,,90", "http", "80 ",
        ] {
            assert!(PortSet::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn covers_subsets() {
        let ports = |text| PortSet::parse(text).expect(text);
        assert!(ports("80-90,443").covers(&ports("81-82,443")));
        assert!(!ports("80-90").covers(&ports("90-91")));
        assert!(ports("*").contains(1) && !ports("80").contains(0));
    }
}
