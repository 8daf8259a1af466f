//! Routes: an optional host and a path prefix.
//!
//! Tests: in this file.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// A pattern for requests: those whose path starts with the route's at a `/` boundary, and whose
/// host is the route's, if it has one. The guest sees the complete path.
///
/// ```
/// use airssys_wasm_host::http::Route;
///
/// let route: Route = "shop.example.com/cart".parse()?;
/// assert_eq!((route.host(), route.path()), (Some("shop.example.com"), "/cart"));
/// assert!("cart".parse::<Route>().is_err());
/// # Ok::<(), airssys_wasm_host::http::RouteError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    host: Option<String>,
    path: String,
}

/// The error for text that is not a valid route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteError {
    text: String,
    problem: &'static str,
}

impl Route {
    /// Returns the host in lower case, without a port; `None` matches any host.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Returns the path prefix: `/`, or segments without a trailing `/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for Route {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        let error = |problem| RouteError {
            text: text.escape_debug().to_string(),
            problem,
        };
        let begin = text
            .find('/')
            .ok_or_else(|| error("it has no path: write at least `/`"))?;
        let (host, path) = text.split_at(begin);
        if !host.split('.').all(is_label) && !host.is_empty() {
            return Err(error(
                "a host is a name without a port, such as `shop.example.com`",
            ));
        }
        if path.contains('*') {
            return Err(error("a route is a path prefix: leave the `*` out"));
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        if !path.split('/').skip(1).all(is_segment) {
            return Err(error(
                "path segments must not be empty, `.` or `..`, or contain `?`, `#` or `%`",
            ));
        }
        let host = (!host.is_empty()).then(|| host.to_ascii_lowercase());
        Ok(Self {
            host,
            path: if path.is_empty() {
                "/".into()
            } else {
                path.into()
            },
        })
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_segment(segment: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"?#%\\\"".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain)
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            self.host.as_deref().unwrap_or_default(),
            self.path
        )
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a valid route: {}", self.text, self.problem)
    }
}

impl std::error::Error for RouteError {}

/// Targets by route. If several routes match, one with a host takes precedence, then the longest
/// path.
#[derive(Debug)]
pub(super) struct RouteTable<T> {
    by_host: HashMap<String, PathTable<T>>,
    any_host: PathTable<T>,
}

/// The targets of one host, or of any host, by path.
#[derive(Debug)]
struct PathTable<T> {
    all: HashMap<String, T>,
    /// The length of the longest path, which bounds a lookup however long a request's path is.
    path_bytes_max: usize,
}

impl<T> Default for PathTable<T> {
    fn default() -> Self {
        Self {
            all: HashMap::new(),
            path_bytes_max: 0,
        }
    }
}

impl<T> Default for RouteTable<T> {
    fn default() -> Self {
        Self {
            by_host: HashMap::new(),
            any_host: PathTable::default(),
        }
    }
}

impl<T> RouteTable<T> {
    /// Sets the target of a route. Returns the previous one.
    fn insert(&mut self, route: Route, target: T) -> Option<T> {
        let paths = match route.host {
            Some(host) => self.by_host.entry(host).or_default(),
            None => &mut self.any_host,
        };
        paths.path_bytes_max = paths.path_bytes_max.max(route.path.len());
        paths.all.insert(route.path, target)
    }

    /// Returns all targets.
    pub(super) fn targets(&self) -> impl Iterator<Item = &T> {
        self.by_host
            .values()
            .chain([&self.any_host])
            .flat_map(|paths| paths.all.values())
    }

    /// Returns the target of a request, by its host (with or without a port) and its path.
    pub(super) fn find(&self, host: &str, path: &str) -> Option<&T> {
        let of_host = self.by_host.get(&without_port(host));
        of_host
            .and_then(|paths| paths.longest_prefix(path))
            .or_else(|| self.any_host.longest_prefix(path))
    }
}

impl<T> FromIterator<(Route, T)> for RouteTable<T> {
    fn from_iter<I: IntoIterator<Item = (Route, T)>>(all: I) -> Self {
        let mut routes = Self::default();
        all.into_iter()
            .for_each(|(route, target)| drop(routes.insert(route, target)));
        routes
    }
}

fn without_port(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl<T> PathTable<T> {
    /// Returns the target of the longest path that is a prefix of the request's.
    fn longest_prefix(&self, path: &str) -> Option<&T> {
        let mut begin = path;
        if path.len() > self.path_bytes_max {
            begin = parent(&path[..path.floor_char_boundary(self.path_bytes_max + 1)]);
        }
        loop {
            match self.all.get(begin) {
                None if begin.is_empty() => return self.all.get("/"),
                None => begin = parent(begin),
                target => return target,
            }
        }
    }
}

/// Returns the path without its last segment.
fn parent(path: &str) -> &str {
    &path[..path.rfind('/').unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn routes(all: &[&'static str]) -> RouteTable<&'static str> {
        all.iter()
            .map(|text| (text.parse().expect("a route"), *text))
            .collect()
    }

    #[test]
    fn the_host_goes_before_the_path_and_the_longest_path_before_others() {
        let routes = routes(&["/", "/shop", "/shop/cart", "a.example/", "a.example/shop"]);
        for (host, path, expected) in [
            ("b.example", "/", "/"),
            ("b.example", "/shopping", "/"),
            ("b.example", "/shop", "/shop"),
            ("b.example", "/shop/", "/shop"),
            ("b.example", "/shop/cart/1", "/shop/cart"),
            ("A.Example:8080", "/shop/cart", "a.example/shop"),
            ("a.example.", "/other", "a.example/"),
            ("", "//shop", "/"),
            ("", "*", "/"),
        ] {
            assert_eq!(routes.find(host, path), Some(&expected), "{host} {path}");
        }
    }

    #[test]
    fn unmatched_requests_have_no_target() {
        let routes = routes(&["/shop", "a.example/"]);
        for (host, path) in [
            ("", "/"),
            ("b.example", "/shopping"),
            ("a.example.org", "/"),
            ("", "/x/shop"),
        ] {
            assert_eq!(routes.find(host, path), None, "{host} {path}");
        }
    }

    /// Clients must not be able to slow down the lookup.
    #[test]
    fn lookup_time_is_bounded_for_long_paths() {
        let routes = routes(&["/", "/shop"]);
        let slashes = "/".repeat(60_000);
        let begun = std::time::Instant::now();
        for _ in 0..1_000 {
            assert_eq!(routes.find("a", &slashes), Some(&"/"));
        }
        assert_eq!(routes.find("a", &format!("/shop{slashes}")), Some(&"/shop"));
        assert_eq!(routes.find("a", "/shö/"), Some(&"/"));
        assert_eq!(routes.find("a", "/shopö"), Some(&"/"));
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
    }

    #[test]
    fn invalid_routes_are_rejected() {
        for text in [
            "",
            "shop",
            "a.example",
            "a.example:80/",
            "a..b/",
            "*/",
            "/a//b",
            "/../a",
            "/a?b",
            "/%2e",
            "/a/*",
        ] {
            let error = text.parse::<Route>().expect_err(text);
            assert!(
                error.to_string().contains("is not a valid route"),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn parsed_routes_round_trip_and_match(
            host in "([A-Za-z0-9-]{1,8}(\\.[A-Za-z0-9-]{1,8}){0,2})?",
            path in "(/[a-zA-Z0-9_~-]{1,8}){0,4}/?",
            more in "(/[a-z.]{0,4}){0,3}",
        ) {
            let text = format!("{host}{path}");
            if let Ok(route) = text.parse::<Route>() {
                prop_assert_eq!(route.to_string().parse::<Route>(), Ok(route.clone()));
                let routes: RouteTable<()> = [(route.clone(), ())].into_iter().collect();
                let asked = format!("{}{more}", route.path());
                prop_assert!(routes.find(&host, &asked).is_some() || route.path() == "/");
            } else {
                prop_assert!(!path.starts_with('/'), "{}", text);
            }
        }
    }
}
