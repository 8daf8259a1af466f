//! Patterns of HTTP requests: `GET,HEAD https://api.example.com/v1/**`.
//!
//! Without methods a pattern matches any method, without a port the scheme's default, without a
//! path any path. Queries are ignored. Paths are those of canonical URLs, see `policy/http_target`.
//! Tests: in this file, `airssys-wasm-core/tests/reference`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use ipnet::IpNet;

use super::error::ParseProblem;
use super::glob::{self, MatchExtent, PatternSegment};
use super::host::HostPattern;
use super::ports::PortSet;

/// A pattern of HTTP requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct HttpPattern {
    /// Empty for any method.
    methods: BTreeSet<String>,
    scheme: SchemePattern,
    pub(crate) host: HostPattern,
    /// `None` for the default port of the scheme.
    ports: Option<PortSet>,
    /// `None` for any path.
    path: Option<Vec<PatternSegment>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum SchemePattern {
    Any,
    Http,
    Https,
}

/// The parts of a request, besides its host, that a pattern is matched against.
pub(crate) struct RequestParts<'a> {
    pub(crate) method: &'a str,
    pub(crate) is_tls: bool,
    pub(crate) port: u16,
    /// The segments of the path.
    pub(crate) segments: &'a [&'a str],
    /// Other paths that a server might read instead, see [`alternative_paths`].
    pub(crate) alternative_paths: &'a [String],
    /// `true` if servers disagree on the meaning of the path.
    pub(crate) path_is_ambiguous: bool,
}

impl HttpPattern {
    /// Parses the methods, if any, and the URL pattern.
    pub(super) fn parse(
        methods: Option<(&str, usize)>,
        url: &str,
        at: usize,
    ) -> Result<Self, ParseProblem> {
        let methods = match methods {
            None | Some(("*", _)) => BTreeSet::new(),
            Some((text, at)) => parse_methods(text, at)?,
        };
        parse_url(url)
            .map(|parsed| Self { methods, ..parsed })
            .map_err(|problem| problem.shifted(at))
    }

    /// Returns `true` if everything but the host matches. A path that servers read differently
    /// matches only a pattern for any path.
    pub(crate) fn matches(&self, parts: &RequestParts<'_>) -> bool {
        let path = |pattern: &[PatternSegment]| {
            !parts.path_is_ambiguous
                && glob::segments_match(pattern, parts.segments, MatchExtent::Whole)
        };
        self.matches_scheme_and_port(parts)
            && self.path.as_deref().is_none_or(path)
            && (self.methods.is_empty() || self.methods.contains(parts.method))
    }

    /// Returns the literal names that every matching path contains, with their positions.
    pub(crate) fn fixed_names(&self) -> impl Iterator<Item = (usize, &str)> {
        glob::literal_names(self.path.as_deref().unwrap_or_default())
    }

    /// Like [`matches`](Self::matches), but for a lenient server: one that ignores the case of
    /// methods, undoes escapes, or removes path parameters.
    pub(crate) fn might_match(&self, parts: &RequestParts<'_>) -> bool {
        let method = self.methods.is_empty()
            || self
                .methods
                .iter()
                .any(|method| method.eq_ignore_ascii_case(parts.method));
        method && self.matches_scheme_and_port(parts) && self.might_match_path(parts)
    }

    fn matches_scheme_and_port(&self, parts: &RequestParts<'_>) -> bool {
        let scheme = match self.scheme {
            SchemePattern::Any => true,
            SchemePattern::Http => !parts.is_tls,
            SchemePattern::Https => parts.is_tls,
        };
        scheme
            && match &self.ports {
                Some(ports) => ports.contains(parts.port),
                None => parts.port == if parts.is_tls { 443 } else { 80 },
            }
    }

    fn might_match_path(&self, parts: &RequestParts<'_>) -> bool {
        let Some(pattern) = &self.path else {
            return true;
        };
        let pattern = unescape_pattern(pattern);
        let reading = |path: &String| {
            glob::segments_match(&pattern, &path_segments(path), MatchExtent::Whole)
        };
        parts.path_is_ambiguous
            || glob::segments_match(&pattern, parts.segments, MatchExtent::Whole)
            || parts.alternative_paths.iter().any(reading)
    }

    /// Returns `true` if every request that `other` matches is matched by this pattern, ignoring
    /// hosts.
    pub(super) fn covers_all_but_host(&self, other: &Self) -> bool {
        let methods = self.methods.is_empty()
            || (!other.methods.is_empty() && other.methods.is_subset(&self.methods));
        let scheme = self.scheme == SchemePattern::Any || self.scheme == other.scheme;
        let ports = match (&self.ports, &other.ports) {
            (Some(wide), Some(narrow)) => wide.covers(narrow),
            (Some(wide), None) => other
                .scheme
                .default_ports()
                .into_iter()
                .all(|port| wide.contains(port)),
            (None, None) => true,
            (None, Some(narrow)) => match other.scheme {
                SchemePattern::Any => false,
                one => one
                    .default_ports()
                    .into_iter()
                    .any(|port| PortSet::single(port) == *narrow),
            },
        };
        let path = match (&self.path, &other.path) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => path_covers(wide, narrow),
        };
        methods && scheme && ports && path
    }
}

impl SchemePattern {
    /// The default ports.
    fn default_ports(self) -> Vec<u16> {
        match self {
            Self::Any => vec![80, 443],
            Self::Http => vec![80],
            Self::Https => vec![443],
        }
    }
}

fn path_covers(wide: &[PatternSegment], narrow: &[PatternSegment]) -> bool {
    wide == narrow
        || wide.split_last().is_some_and(|(last, first)| {
            *last == PatternSegment::AnyDepth
                && narrow.len() > first.len()
                && narrow.starts_with(first)
        })
}

fn parse_methods(text: &str, at: usize) -> Result<BTreeSet<String>, ParseProblem> {
    let plain = |method: &str| {
        !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-')
    };
    let mut methods = BTreeSet::new();
    for method in text.split(',') {
        if !plain(method) {
            return Err(ParseProblem::new(
                at,
                "write methods before the URL in upper case, `GET,POST`, or none for any",
            ));
        }
        methods.insert(method.to_owned());
    }
    Ok(methods)
}

fn parse_url(text: &str) -> Result<HttpPattern, ParseProblem> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(ParseProblem::new(
            0,
            "write a URL, for example `https://api.example.com/v1/**`",
        ));
    };
    let scheme_length = scheme.len() + 3;
    let scheme = match scheme {
        "*" => SchemePattern::Any,
        "http" => SchemePattern::Http,
        "https" => SchemePattern::Https,
        _ => {
            return Err(ParseProblem::new(
                0,
                "the scheme is `http`, `https`, or `*` for both",
            ));
        }
    };
    let (authority, path) = rest.split_at(authority_length(rest));
    let (host, ports) = split_port(authority).map_err(|problem| problem.shifted(scheme_length))?;
    let host = HostPattern::parse(host).map_err(|problem| problem.shifted(scheme_length))?;
    let path = match path {
        "" => None,
        path => {
            parse_path(path).map_err(|problem| problem.shifted(scheme_length + authority.len()))?
        }
    };
    let ports =
        ports.filter(|ports| scheme.default_ports() != [443] || *ports != PortSet::single(443));
    let ports =
        ports.filter(|ports| scheme.default_ports() != [80] || *ports != PortSet::single(80));
    Ok(HttpPattern {
        methods: BTreeSet::new(),
        scheme,
        host,
        ports,
        path,
    })
}

/// Returns the length up to the first slash outside brackets.
fn authority_length(text: &str) -> usize {
    let brackets = if text.starts_with('[') {
        text.find(']').unwrap_or_default()
    } else {
        0
    };
    text[brackets..]
        .find('/')
        .map_or(text.len(), |slash| brackets + slash)
}

/// Splits a host from the ports that follow it.
pub(super) fn split_port(text: &str) -> Result<(&str, Option<PortSet>), ParseProblem> {
    let host_end = match text.starts_with('[') {
        true => text.find(']').map(|end| end + 1),
        false => text.find(':'),
    };
    let Some(host_end) = host_end else {
        return Ok((text, None));
    };
    match text[host_end..].strip_prefix(':') {
        Some(ports) => {
            let ports = PortSet::parse(ports).map_err(|problem| problem.shifted(host_end + 1))?;
            Ok((&text[..host_end], Some(ports)))
        }
        None if host_end == text.len() => Ok((text, None)),
        None => Err(ParseProblem::new(
            host_end,
            "only `:` and a port may follow `]`",
        )),
    }
}

/// Splits a path into its segments.
pub(crate) fn path_segments(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

/// Returns other paths that a server might read instead: one with needless escapes undone, and one
/// with the path parameters (`;x=y`) removed as well.
pub(crate) fn alternative_paths(path: &str) -> Vec<String> {
    let mut readings = Vec::new();
    if path.contains(['%', '*', ';']) {
        // Patterns escape a literal `*`, so do the same here.
        let plain = unescape(path).replace('*', "%2A");
        if plain.contains(';') {
            let names = path_segments(&plain)
                .into_iter()
                .map(|name| name.split(';').next().unwrap_or_default());
            readings.push(names.fold(String::new(), |path, name| path + "/" + name));
        }
        readings.push(plain);
    }
    readings
}

fn unescape_pattern(pattern: &[PatternSegment]) -> Cow<'_, [PatternSegment]> {
    let has_escape = |segment: &PatternSegment| matches!(segment, PatternSegment::Name(t) | PatternSegment::Wildcard(t) if t.contains('%'));
    if !pattern.iter().any(has_escape) {
        return pattern.into();
    }
    let unescaped = |segment: &PatternSegment| match segment {
        PatternSegment::Name(text) => PatternSegment::Name(unescape(text)),
        PatternSegment::Wildcard(text) => PatternSegment::Wildcard(unescape(text)),
        PatternSegment::AnyDepth => PatternSegment::AnyDepth,
    };
    pattern.iter().map(unescaped).collect()
}

/// Undoes the escapes of characters that need none in a path.
fn unescape(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..2).and_then(unescaped_character) {
            Some(c) => {
                plain.push(c);
                plain.push_str(&part[2..]);
            }
            None => {
                plain.push('%');
                plain.push_str(part);
            }
        }
    }
    plain
}

fn unescaped_character(digits: &str) -> Option<char> {
    u8::from_str_radix(digits, 16)
        .ok()
        .map(char::from)
        .filter(|c| "!$&'()+,;=:@".contains(*c))
}

/// Returns `None` for `/**`, which is any path.
fn parse_path(text: &str) -> Result<Option<Vec<PatternSegment>>, ParseProblem> {
    check_path(text)?;
    let mut segments = Vec::new();
    let mut at = 1;
    let parts: Vec<&str> = text[1..].split('/').collect();
    for (n, part) in parts.iter().enumerate() {
        match *part {
            "" if n + 1 < parts.len() => return Err(ParseProblem::new(at, "write each `/` once")),
            "." | ".." => {
                return Err(ParseProblem::new(
                    at,
                    "`.` and `..` are not allowed: write the path they lead to",
                ));
            }
            part => segments.push(PatternSegment::parse(part, at)?),
        }
        at += part.len() + 1;
    }
    Ok(if segments == [PatternSegment::AnyDepth] {
        None
    } else {
        Some(segments)
    })
}

fn check_path(text: &str) -> Result<(), ParseProblem> {
    for (at, c) in text.char_indices() {
        let what = match c {
            '?' | '#' => "a pattern ends with the path: queries are not matched",
            '%' if !is_canonical_escape(&text[at..]) => {
                "write a character that needs no escape as it is, and others as `%` and two hex digits in upper case; `%2F`, `%5C`, `%2E` and `%00` cannot be matched"
            }
            c if c.is_ascii_alphanumeric() || "/-._~!$&'()*+,;=:@%".contains(c) => continue,
            _ => {
                "a URL path consists of letters, digits and `-._~!$&'()*+,;=:@`; escape others as `%` and two hex digits"
            }
        };
        return Err(ParseProblem::new(at, what));
    }
    Ok(())
}

/// Returns `true` for `%XX` in upper case, if a canonical URL escapes that character.
fn is_canonical_escape(text: &str) -> bool {
    let Some(digits) = text.get(1..3) else {
        return false;
    };
    let upper = digits
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
    let value = u8::from_str_radix(digits, 16).unwrap_or_default();
    let needless = value.is_ascii_alphanumeric() || b"-._~".contains(&value);
    upper && !needless && !matches!(value, 0 | b'/' | b'\\')
}

impl fmt::Display for HttpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.methods.is_empty() {
            let methods: Vec<&str> = self.methods.iter().map(String::as_str).collect();
            write!(f, "{} ", methods.join(","))?;
        }
        let scheme = match self.scheme {
            SchemePattern::Any => "*",
            SchemePattern::Http => "http",
            SchemePattern::Https => "https",
        };
        match &self.host {
            // Without brackets, the prefix length would be read as a path.
            HostPattern::Network(IpNet::V4(network)) if network.prefix_len() < 32 => {
                write!(f, "{scheme}://[{network}]")?;
            }
            host => write!(f, "{scheme}://{host}")?,
        }
        if let Some(ports) = &self.ports {
            write!(f, ":{ports}")?;
        }
        match &self.path {
            None => f.write_str("/**"),
            Some(segments) => segments
                .iter()
                .try_for_each(|segment| write!(f, "/{segment}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HttpPattern {
        let (methods, url) = match text.split_once(' ') {
            Some((methods, url)) => (Some((methods, 0)), url),
            None => (None, text),
        };
        HttpPattern::parse(methods, url, 0).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
    }

    fn fits(text: &str, method: &str, is_tls: bool, port: u16, path: &str) -> bool {
        pattern(text).matches(&RequestParts {
            method,
            is_tls,
            port,
            ..parts(&path_segments(path), &[])
        })
    }

    fn parts<'a>(names: &'a [&'a str], readings: &'a [String]) -> RequestParts<'a> {
        RequestParts {
            method: "GET",
            is_tls: true,
            port: 443,
            segments: names,
            alternative_paths: readings,
            path_is_ambiguous: false,
        }
    }

    #[test]
    fn matches_method_scheme_port_and_path() {
        let one = "GET https://a.com/v1/**";
        assert!(fits(one, "GET", true, 443, "/v1/x"));
        assert!(fits(one, "GET", true, 443, "/v1/"));
        for (method, is_tls, port, path) in [
            ("POST", true, 443, "/v1/x"),
            ("get", true, 443, "/v1/x"),
            ("GET", false, 443, "/v1/x"),
            ("GET", true, 8443, "/v1/x"),
            ("GET", true, 443, "/v1"),
            ("GET", true, 443, "/v10"),
            ("GET", true, 443, "//v1/x"),
            ("GET", true, 443, "/"),
        ] {
            assert!(
                !fits(one, method, is_tls, port, path),
                "{method} {is_tls} {port} {path}"
            );
        }
        assert!(fits("*://a.com:*", "X", false, 8080, "/anything"));
        assert!(
            fits("http://a.com/", "GET", false, 80, "/")
                && !fits("http://a.com/", "GET", false, 80, "/x")
        );
    }

    #[test]
    fn an_ambiguous_path_matches_only_patterns_for_any_path() {
        let parts = RequestParts {
            path_is_ambiguous: true,
            ..parts(&["v1", "%2Fx"], &[])
        };
        assert!(pattern("https://a.com").matches(&parts));
        assert!(!pattern("https://a.com/v1/**").matches(&parts));
        assert!(pattern("https://a.com/admin/**").might_match(&parts));
    }

    #[test]
    fn a_deny_matches_the_paths_of_lenient_servers() {
        for (text, path, expected) in [
            ("https://a.com/@me/**", "/%40me/keys", true),
            ("https://a.com/%40me/**", "/@me/keys", true),
            ("https://a.com/a%2Ab", "/a*b", true),
            ("https://a.com/admin/**", "/admin;x=y/keys", true),
            ("https://a.com/admin/**", "/admin%3Bx/keys", true),
            ("https://a.com/admin;x=y/**", "/admin;x=y/keys", true),
            ("https://a.com/admin/**", "/administrator/keys", false),
            ("https://a.com/b%7Cc", "/b%7Cc", true),
        ] {
            let (names, readings) = (path_segments(path), alternative_paths(path));
            assert_eq!(
                pattern(text).might_match(&parts(&names, &readings)),
                expected,
                "{text} {path}"
            );
        }
        let other_case = RequestParts {
            method: "get",
            ..parts(&[], &[])
        };
        assert!(pattern("GET https://a.com").might_match(&other_case));
        assert!(!pattern("GET https://a.com").matches(&other_case));
    }

    #[test]
    fn canonical_text_is_unique() {
        for (text, canonical) in [
            ("https://a.com", "https://a.com/**"),
            ("https://a.com:443/x", "https://a.com/x"),
            ("http://a.com:443/x", "http://a.com:443/x"),
            ("POST,GET https://a.com/", "GET,POST https://a.com/"),
            ("* https://a.com/**", "https://a.com/**"),
            ("*://**", "*://**/**"),
            ("http://[::1]:8080/a/*", "http://[::1]:8080/a/*"),
            ("http://[10.0.0.0/8]:80", "http://[10.0.0.0/8]/**"),
            ("http://10.0.0.1/8", "http://10.0.0.1/8"),
        ] {
            assert_eq!(pattern(text).to_string(), canonical);
        }
    }

    #[test]
    fn errors_have_a_position() {
        for (url, at, expected) in [
            ("a.com/x", 0, "write a URL"),
            ("ftp://a.com", 0, "scheme"),
            ("https://A.com", 8, "lower case"),
            ("https://me@a.com", 10, "without scheme, user"),
            ("https://a.com:0/", 14, "1 to 65535"),
            ("https://a.com/b//c", 16, "once"),
            ("https://a.com/b/../c", 16, "lead to"),
            ("https://a.com/b?c", 15, "queries"),
            ("https://a.com/%2e", 14, "upper case"),
            ("https://a.com/%2F", 14, "cannot be matched"),
            ("https://*/", 8, "`**`"),
        ] {
            let problem = HttpPattern::parse(None, url, 0).expect_err(url);
            assert!(problem.message.contains(expected), "{url}: {problem:?}");
            assert_eq!(problem.offset, at, "{url}: {problem:?}");
        }
    }

    #[test]
    fn covers_narrower_patterns() {
        for (wide, narrow, expected) in [
            ("https://**.a.com", "GET https://x.a.com/v1/**", true),
            ("GET https://a.com", "https://a.com", false),
            ("*://a.com", "http://a.com/x", true),
            ("https://a.com", "http://a.com", false),
            ("https://a.com:*", "https://a.com", true),
            ("https://a.com/v1/**", "https://a.com/v1/users/**", true),
            ("https://a.com/v1/**", "https://a.com/v1", false),
            ("https://a.com/v1/**", "https://a.com", false),
        ] {
            let (wide, narrow) = (pattern(wide), pattern(narrow));
            let covers = wide.covers_all_but_host(&narrow) && wide.host.covers(&narrow.host);
            assert_eq!(covers, expected, "{wide} {narrow}");
        }
    }
}
