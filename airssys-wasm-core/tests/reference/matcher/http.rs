//! Matching of URLs: scheme, port, method and path. Hosts are matched elsewhere.

use airssys_wasm_core::policy::HttpTarget;

use super::Side;
use super::path::glob;
use super::text::{Line, has_port, host_and_ports};

pub(crate) fn host_of(line: &Line) -> String {
    host_and_ports(parts(line.target()).1).0.into()
}

pub(crate) fn fits(side: Side, line: &Line, target: &HttpTarget) -> bool {
    let (scheme, authority, path) = parts(line.target());
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
        Side::Deny => method.to_lowercase() == target.method.to_lowercase(),
        _ => method == target.method,
    };
    let method_fits = line
        .methods()
        .is_none_or(|methods| methods.split(',').any(method));
    scheme_fits && port_fits && method_fits && (path == "/**" || path_fits(side, path, target))
}

/// Splits a URL into `scheme`, `host:ports` and `/path`.
fn parts(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let brackets = rest
        .find(']')
        .filter(|_| rest.starts_with('['))
        .unwrap_or(0);
    let path = brackets + rest[brackets..].find('/').expect("a path");
    (scheme, &rest[..path], &rest[path..])
}

fn path_fits(side: Side, pattern: &str, target: &HttpTarget) -> bool {
    let path = &target.path;
    if side != Side::Deny {
        return !target.path_is_ambiguous && same(pattern, path);
    }
    let plain = decoded(&path.replace('*', "%2A"));
    let bare: Vec<&str> = plain
        .split('/')
        .map(|name| name.split(';').next().expect("a part"))
        .collect();
    target.path_is_ambiguous
        || same(pattern, path)
        || [path, &plain, &bare.join("/")]
            .into_iter()
            .any(|path| same(&decoded(pattern), path))
}

fn same(pattern: &str, path: &str) -> bool {
    let names = |path: &str| path[1..].split('/').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, path) = (names(pattern), names(path));
    let (pattern, path): (Vec<&str>, Vec<&str>) = (
        pattern.iter().map(String::as_str).collect(),
        path.iter().map(String::as_str).collect(),
    );
    glob(&pattern, &path, false)
}

/// Decodes escapes of characters that need no escape in paths.
fn decoded(path: &str) -> String {
    "!$&'()+,;=:@".chars().fold(path.to_owned(), |path, c| {
        path.replace(&format!("%{:02X}", u32::from(c)), &c.to_string())
    })
}
