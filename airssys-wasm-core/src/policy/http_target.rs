//! The target of an HTTP request, in canonical form.
//!
//! A single parser, that of the URL standard, reads scheme, host, port and path; its result is what
//! is matched, resolved, connected to and sent. Needless escapes are undone first, so that each
//! path has one text. A path that servers are known to read differently is marked, and matches only
//! rules for any path.
//! Tests: in this file.

use core::net::IpAddr;
use std::fmt;

/// The parts of an HTTP request that grants are matched against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpTarget {
    /// The method, as given. Case-sensitive; may be non-standard.
    pub method: String,
    /// `true` if the scheme is `https`.
    pub is_tls: bool,
    /// The host to connect to.
    pub host: HttpHost,
    /// The port; never 0.
    pub port: u16,
    /// The path; begins with `/`.
    pub path: String,
    /// The query, without the `?`.
    pub query: Option<String>,
    /// `true` if servers disagree on the meaning of the path.
    pub path_is_ambiguous: bool,
}

/// The host of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HttpHost {
    /// A name in lower-case ASCII, without a trailing dot.
    Name(String),
    /// An address. IPv4-mapped IPv6 addresses are stored as IPv4.
    Address(IpAddr),
}

/// A URL or method that cannot be requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` {problem}")]
pub struct HttpTargetError {
    /// The URL as written, escaped.
    pub url: String,
    /// The problem, as a predicate after the URL.
    pub problem: &'static str,
}

impl HttpTarget {
    /// Parses a method and a URL.
    ///
    /// # Errors
    ///
    /// [`HttpTargetError`] if they are invalid or could be read in more than one way.
    #[cfg(feature = "url")]
    pub fn parse(method: &str, url: &str) -> Result<Self, HttpTargetError> {
        let wrong = |problem| HttpTargetError {
            url: crate::capability::escape_for_message(url),
            problem,
        };
        check_characters(url).map_err(wrong)?;
        let (scheme, authority) = scheme_and_authority(url).ok_or_else(|| wrong("has no host"))?;
        let unescaped = unescape_needless(url);
        let parsed = url::Url::parse(&unescaped).map_err(|_| wrong("is not a valid URL"))?;
        let is_tls = match parsed.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong("has a scheme that is neither `http` nor `https`")),
        };
        if !scheme.eq_ignore_ascii_case(parsed.scheme()) {
            return Err(wrong("has something between its scheme and `://`"));
        }
        if authority.contains('@') {
            return Err(wrong("contains a user name"));
        }
        let host = match parsed.host() {
            Some(url::Host::Domain(name)) => HttpHost::Name(check_host_name(name).map_err(wrong)?),
            Some(url::Host::Ipv4(address)) => HttpHost::Address(address.into()),
            Some(url::Host::Ipv6(address)) => {
                HttpHost::Address(crate::capability::unmap_ipv4(address.into()))
            }
            None => return Err(wrong("has no host")),
        };
        let port = parsed
            .port_or_known_default()
            .filter(|port| *port != 0)
            .ok_or_else(|| wrong("has port 0"))?;
        if !is_method(method) {
            return Err(wrong("has an invalid method"));
        }
        let path = escape_invalid_path_bytes(parsed.path());
        Ok(Self {
            method: method.to_owned(),
            is_tls,
            host,
            port,
            path_is_ambiguous: is_ambiguous(&path),
            path,
            query: parsed.query().map(str::to_owned),
        })
    }

    /// Path and query, as sent.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Host and port, as sent: without the port if it is the default of the scheme.
    #[must_use]
    pub fn authority(&self) -> String {
        let own = if self.is_tls { 443 } else { 80 };
        if self.port == own {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Returns the pattern that matches only this request. Queries are not part of patterns. If the
    /// path is ambiguous or contains `*`, the pattern matches any path.
    pub(super) fn as_pattern(&self) -> String {
        let path = if self.path_is_ambiguous || self.path.contains('*') {
            "/**"
        } else {
            &self.path
        };
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{} {scheme}://{}{path}", self.method, self.authority())
    }
}

/// Rejects characters that parsers skip or interpret differently.
#[cfg(feature = "url")]
fn check_characters(url: &str) -> Result<(), &'static str> {
    match url
        .chars()
        .find(|c| c.is_control() || c.is_whitespace() || *c == '\\' || *c == '#')
    {
        None => Ok(()),
        Some('\\') => Err("contains a backslash"),
        Some('#') => Err("has a fragment, which is never sent"),
        Some(_) => Err("contains a control character or a space"),
    }
}

/// Returns the text before `://`, and the text from there to the path.
#[cfg(feature = "url")]
fn scheme_and_authority(url: &str) -> Option<(&str, &str)> {
    let (scheme, after) = url.split_once("://")?;
    let authority = after.split(['/', '?']).next()?;
    (!authority.is_empty()).then_some((scheme, authority))
}

#[cfg(feature = "url")]
fn check_host_name(name: &str) -> Result<String, &'static str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let plain =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    match name
        .split('.')
        .all(|label| !label.is_empty() && label.len() <= 63)
        && name.chars().all(plain)
    {
        true => Ok(name.to_owned()),
        false => Err("has an invalid host name"),
    }
}

#[cfg(feature = "url")]
fn is_method(method: &str) -> bool {
    !method.eq_ignore_ascii_case("CONNECT")
        && !method.is_empty()
        && method
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Replaces `%41` by `A`: RFC 3986 defines both as equivalent.
#[cfg(feature = "url")]
fn unescape_needless(url: &str) -> String {
    let mut text = String::with_capacity(url.len());
    // The end of the last `%` that begins no escape: unescaping the text next to it could complete
    // one.
    let mut stray = None;
    let mut rest = url;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(byte) = escaped_byte(rest) else {
            text.push('%');
            stray = Some(text.len());
            continue;
        };
        rest = &rest[2..];
        let is_needless = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let after_stray = stray.and_then(|stray| text.get(stray..));
        let completes =
            after_stray.is_some_and(|t| t.len() < 2 && t.bytes().all(|b| b.is_ascii_hexdigit()));
        match is_needless && !completes {
            true => text.push(byte.into()),
            false => text.push_str(&escape(byte)),
        }
    }
    text + rest
}

/// Returns the byte for the two hex digits after a `%`.
#[cfg(feature = "url")]
fn escaped_byte(after: &str) -> Option<u8> {
    let digits = after
        .get(..2)
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(feature = "url")]
fn escape(byte: u8) -> String {
    format!("%{byte:02X}")
}

/// Escapes characters that are not valid in a path but that the parser leaves alone, such as `|`.
/// Otherwise the path would have two spellings.
#[cfg(feature = "url")]
fn escape_invalid_path_bytes(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        match u8::try_from(c) {
            Ok(byte) if !is_path_byte(byte) => text.push_str(&escape(byte)),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(feature = "url")]
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte)
}

/// Returns `true` for a path that servers read differently: it has empty segments, escaped slashes
/// or control characters, dot segments with parameters, or invalid escapes.
#[cfg(feature = "url")]
fn is_ambiguous(path: &str) -> bool {
    let odd_escape = path.match_indices('%').any(|(at, _)| {
        escaped_byte(&path[at + 1..])
            .is_none_or(|b| b.is_ascii_control() || matches!(b, b'/' | b'\\' | b'%'))
    });
    odd_escape
        || path.contains("//")
        || path
            .split('/')
            .any(|segment| is_dot_segment(without_parameters(segment)))
}

#[cfg(feature = "url")]
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// Returns the text before the first `;`, escaped or not.
#[cfg(feature = "url")]
fn without_parameters(segment: &str) -> &str {
    let plain = segment.split(';').next().unwrap_or(segment);
    plain.split("%3B").next().unwrap_or(plain)
}

impl fmt::Display for HttpHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for HttpTarget {
    /// Omits the query, which may contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(
            f,
            "{} {scheme}://{}{}",
            self.method,
            self.authority(),
            self.path
        )
    }
}

#[cfg(all(test, feature = "url"))]
mod tests {
    use super::*;

    fn text(url: &str) -> String {
        HttpTarget::parse("GET", url).expect(url).to_string()
    }

    #[test]
    fn equivalent_urls_have_one_text() {
        for (url, canonical) in [
            (
                "https://API.Example.com:443/v1",
                "https://api.example.com/v1",
            ),
            ("https://a.com.", "https://a.com/"),
            ("https://a.com/v1/../admin", "https://a.com/admin"),
            ("https://a.com/v1/%2e%2e/admin", "https://a.com/admin"),
            ("https://a.com/%61dmin", "https://a.com/admin"),
            ("https://a.com/%c3%a9", "https://a.com/%C3%A9"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://2130706433/", "http://127.0.0.1/"),
            ("http://[::ffff:7f00:1]/", "http://127.0.0.1/"),
            ("http://\u{ff41}.com/", "http://a.com/"),
            ("http://a\u{3002}com/", "http://a.com/"),
            ("http://a.com/b|c[^", "http://a.com/b%7Cc%5B%5E"),
            (
                "http://b\u{fc}cher.de/?secret=1",
                "http://xn--bcher-kva.de/",
            ),
        ] {
            assert_eq!(text(url), format!("GET {canonical}"), "{url}");
        }
    }

    #[test]
    fn ambiguous_paths_are_marked() {
        for url in [
            "https://a.com//v1",
            "https://a.com/v1/..;/x",
            "https://a.com/v1/..%3b/x",
            "https://a.com/v1%2F..%2Fx",
            "https://a.com/%5c",
            "https://a.com/%00",
            "https://a.com/%252e",
            "https://a.com/%zz",
        ] {
            assert!(
                HttpTarget::parse("GET", url).expect(url).path_is_ambiguous,
                "{url}"
            );
        }
        // A `%` that begins no escape must not become one by unescaping the text after it.
        for url in [
            "https://a.com/%%32e",
            "https://a.com/%4%31",
            "https://a.com/%]%2E",
            "https://a.com/a/%%32%65%%32%65/b",
        ] {
            let target = HttpTarget::parse("GET", url).expect(url);
            assert!(target.path_is_ambiguous, "{url}");
            assert_eq!(
                HttpTarget::parse("GET", &format!("https://a.com{}", target.path)),
                Ok(target)
            );
        }
        assert!(
            !HttpTarget::parse("GET", "https://a.com/a.b/%C3%A9;x")
                .expect("a URL")
                .path_is_ambiguous
        );
    }

    #[test]
    fn a_plus_is_no_hex_digit() {
        let target = HttpTarget::parse("GET", "https://a.com/?q=5%+4").expect("a URL");
        assert_eq!(target.path_and_query(), "/?q=5%+4");
    }

    #[test]
    fn rejects_ambiguous_requests() {
        for url in [
            "a.com",
            "ftp://a.com",
            "file:///etc/passwd",
            "unix:/run/x",
            "https://me@a.com/",
            "https://a.com@evil.net/",
            "https://@a.com/",
            "https://a.com:0/",
            "https://a.com:65536/",
            "https://a.com/\r\nHost: b",
            "https://a.com\\@b/",
            "https://a.com/#x",
            "https://a..com/",
            "https:///x",
            "http://[fe80::1%25eth0]/",
            "localhost:8080",
            "https:a.com://b.com/",
            "https:me@a.com://b.com/",
            "https:/a.com/://b.com/",
            "h%74tp://a.com/",
            "http://a.com%2f@b.com/",
            "http://a\u{ff0f}.com/",
        ] {
            assert!(HttpTarget::parse("GET", url).is_err(), "{url:?}");
        }
        for method in ["", "GET /", "G\r\nT", "CONNECT", "Connect"] {
            assert!(
                HttpTarget::parse(method, "https://a.com").is_err(),
                "{method:?}"
            );
        }
    }
}
