//! Matching of URLs: scheme, port, method and path. Hosts are matched elsewhere.

use airssys_wasm_core::policy::HttpTarget;

use super::RuleOrigin;
use super::path::names_match;
use super::text::{RuleLine, has_port, host_and_ports};

pub(crate) fn host_of(line: &RuleLine) -> String {
    host_and_ports(url_parts(line.target()).1).0.into()
}

pub(crate) fn url_matches(side: RuleOrigin, line: &RuleLine, target: &HttpTarget) -> bool {
    let (scheme, authority, path) = url_parts(line.target());
    let own = if target.is_tls {
        ("https", 443)
    } else {
        ("http", 80)
    };
    let scheme_fits = scheme == "*" || scheme == own.0;
    let port_fits = host_and_ports(authority)
        .1
        .map_or(target.port == own.1, |ports| has_port(ports, target.port));
    let method = |method: &str| match side {
        RuleOrigin::Deny => method.to_lowercase() == target.method.to_lowercase(),
        _ => method == target.method,
    };
    let method_fits = line
        .methods()
        .is_none_or(|methods| methods.split(',').any(method));
    scheme_fits && port_fits && method_fits && (path == "/**" || path_matches(side, path, target))
}

/// Splits a URL into `scheme`, `host:ports` and `/path`.
fn url_parts(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let brackets = rest
        .find(']')
        .filter(|_| rest.starts_with('['))
        .unwrap_or(0);
    let path = brackets + rest[brackets..].find('/').expect("a path");
    (scheme, &rest[..path], &rest[path..])
}

fn path_matches(side: RuleOrigin, pattern: &str, target: &HttpTarget) -> bool {
    let path = &target.path;
    if side != RuleOrigin::Deny {
        return !target.path_is_ambiguous && path_glob_matches(pattern, path);
    }
    let plain = unescape(&path.replace('*', "%2A"));
    let bare: Vec<&str> = plain
        .split('/')
        .map(|name| name.split(';').next().expect("a part"))
        .collect();
    target.path_is_ambiguous
        || path_glob_matches(pattern, path)
        || [path, &plain, &bare.join("/")]
            .into_iter()
            .any(|path| path_glob_matches(&unescape(pattern), path))
}

fn path_glob_matches(pattern: &str, path: &str) -> bool {
    let names = |path: &str| path[1..].split('/').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, path) = (names(pattern), names(path));
    let (pattern, path): (Vec<&str>, Vec<&str>) = (
        pattern.iter().map(String::as_str).collect(),
        path.iter().map(String::as_str).collect(),
    );
    names_match(&pattern, &path, false)
}

/// Decodes escapes of characters that need no escape in paths.
fn unescape(path: &str) -> String {
    "!$&'()+,;=:@".chars().fold(path.to_owned(), |path, c| {
        path.replace(&format!("%{:02X}", u32::from(c)), &c.to_string())
    })
}
