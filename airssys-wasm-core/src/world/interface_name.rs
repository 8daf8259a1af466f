//! Names of interfaces, and the compatibility of their versions.
//!
//! Tests: in this file.

use std::fmt;

use semver::Version;

/// The name of an interface: `namespace:package/interface`, with a version if the package has one,
/// or a plain name for an interface that a world defines inline.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterfaceName {
    path: String,
    version: Option<Version>,
}

impl InterfaceName {
    /// Splits a name as it appears in a component.
    ///
    /// ```
    /// use airssys_wasm_core::world::InterfaceName;
    ///
    /// let name = InterfaceName::new("wasi:io/streams@0.2.6");
    /// assert_eq!(name.path(), "wasi:io/streams");
    /// assert_eq!(name.version().map(|v| v.patch), Some(6));
    /// ```
    #[must_use]
    pub fn new(text: &str) -> Self {
        match text
            .split_once('@')
            .map(|(path, version)| (path, Version::parse(version)))
        {
            Some((path, Ok(version))) => Self {
                path: path.into(),
                version: Some(version),
            },
            _ => Self {
                path: text.into(),
                version: None,
            },
        }
    }

    /// The name without its version.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The version, if the name has one.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// Returns `true` if an interface of this name can serve importers of `wanted`: the path is the
    /// same, and the version is semver-compatible and not older. A name without a version accepts
    /// any version.
    ///
    /// ```
    /// use airssys_wasm_core::world::InterfaceName;
    ///
    /// let offered = InterfaceName::new("acme:store/kv@1.4.0");
    /// assert!(offered.can_serve(&InterfaceName::new("acme:store/kv@1.2.0")));
    /// assert!(!offered.can_serve(&InterfaceName::new("acme:store/kv@2.0.0")));
    /// ```
    #[must_use]
    pub fn can_serve(&self, wanted: &Self) -> bool {
        self.path == wanted.path
            && match (&self.version, &wanted.version) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(offered), Some(wanted)) => version_can_serve(offered, wanted),
            }
    }
}

impl InterfaceName {
    /// Returns `true` if both names refer to the same interface in semver-compatible versions,
    /// whichever is newer. A runtime links such interfaces by name and then compares their types.
    ///
    /// ```
    /// use airssys_wasm_core::world::InterfaceName;
    ///
    /// let provided = InterfaceName::new("acme:store/kv@1.2.0");
    /// assert!(provided.is_compatible(&InterfaceName::new("acme:store/kv@1.4.0")));
    /// assert!(!provided.is_compatible(&InterfaceName::new("acme:store/kv@2.0.0")));
    /// assert!(!provided.is_compatible(&InterfaceName::new("acme:store/kv")));
    /// ```
    #[must_use]
    pub fn is_compatible(&self, other: &Self) -> bool {
        self.path == other.path
            && match (&self.version, &other.version) {
                (None, None) => true,
                (Some(one), Some(other)) => is_same_compatible_range(one, other),
                _ => false,
            }
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        match &self.version {
            Some(version) => write!(f, "@{version}"),
            None => Ok(()),
        }
    }
}

fn version_can_serve(offered: &Version, wanted: &Version) -> bool {
    is_same_compatible_range(offered, wanted) && offered >= wanted
}

/// Returns `true` if two versions are equal, or releases in the same compatible range.
fn is_same_compatible_range(one: &Version, other: &Version) -> bool {
    if one == other {
        return true;
    }
    let track = |version: &Version| match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    };
    one.pre.is_empty() && other.pre.is_empty() && track(one) == track(other)
}

#[cfg(test)]
mod tests {
    use super::InterfaceName;

    #[test]
    fn serves_by_semver() {
        for (offered, wanted, expected) in [
            ("a:b/c@1.2.0", "a:b/c@1.2.0", true),
            ("a:b/c@1.3.0", "a:b/c@1.2.9", true),
            ("a:b/c@1.1.0", "a:b/c@1.2.0", false),
            ("a:b/c@2.0.0", "a:b/c@1.0.0", false),
            ("a:b/c@0.2.6", "a:b/c@0.2.0", true),
            ("a:b/c@0.3.0", "a:b/c@0.2.0", false),
            ("a:b/c@0.0.2", "a:b/c@0.0.1", false),
            ("a:b/c@1.1.0-rc.1", "a:b/c@1.0.0", false),
            ("a:b/c@1.1.0-rc.1", "a:b/c@1.1.0-rc.1", true),
            ("a:b/c", "a:b/c@1.0.0", false),
            ("a:b/c@1.0.0", "a:b/c", true),
            ("a:b/d", "a:b/c", false),
        ] {
            let (o, w) = (InterfaceName::new(offered), InterfaceName::new(wanted));
            assert_eq!(o.can_serve(&w), expected, "{offered} for {wanted}");
        }
    }

    #[test]
    fn compatibility_of_versions_is_symmetric() {
        for (one, other, expected) in [
            ("a:b/c@1.2.0", "a:b/c@1.3.0", true),
            ("a:b/c@0.2.6", "a:b/c@0.2.0", true),
            ("a:b/c@0.1.0", "a:b/c@0.2.0", false),
            ("a:b/c@0.0.2", "a:b/c@0.0.1", false),
            ("a:b/c@1.1.0-rc.1", "a:b/c@1.1.0", false),
            ("a:b/c@1.1.0-rc.1", "a:b/c@1.1.0-rc.1", true),
            ("a:b/c", "a:b/c@1.0.0", false),
            ("a:b/c", "a:b/c", true),
            ("print", "print", true),
            ("a:b/d", "a:b/c", false),
        ] {
            let (a, b) = (InterfaceName::new(one), InterfaceName::new(other));
            assert_eq!(a.is_compatible(&b), expected, "{one} and {other}");
            assert_eq!(b.is_compatible(&a), expected, "{other} and {one}");
        }
    }
}
