//! References to published components, with a version or a version requirement.
//!
//! Tests: in this file.

use std::fmt;
use std::str::FromStr;

use semver::{Version, VersionReq};
use thiserror::Error;

use crate::{ComponentName, ComponentNameError};

/// A reference to a published component: a name and a version selector.
///
/// ```
/// use airssys_wasm_core::PackageRef;
/// use semver::Version;
///
/// let versions = [Version::new(1, 2, 0), Version::new(1, 9, 1), Version::new(2, 0, 0)];
/// for (text, meant) in [("greeter@^1.2", 1), ("greeter@v1.2.0", 0), ("greeter", 2)] {
///     let package: PackageRef = text.parse()?;
///     assert_eq!(package.version.select(&versions), Some(&versions[meant]));
/// }
/// # Ok::<(), airssys_wasm_core::PackageRefError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageRef {
    /// The name of the component.
    pub name: ComponentName,
    /// The selected version.
    pub version: VersionSelector,
}

/// A selector for one of several versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionSelector {
    /// The newest version that is not a pre-release.
    #[default]
    Newest,
    /// Exactly this version: `1.5.0` or `v1.5.0`.
    Exact(Version),
    /// The newest version that meets a requirement: `^1.2`, `>=1.2, <1.5`, `~1.2.3`.
    Matching(VersionReq),
}

/// A text that does not refer to a published component.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PackageRefError {
    /// The text before the `@` is not a component name.
    #[error(transparent)]
    Name(#[from] ComponentNameError),
    /// The text after the `@` is neither a version nor a requirement.
    #[error(
        "`{text}` is neither a version nor a requirement ({problem}); write for example `1.5.0` or `^1.2`"
    )]
    Version {
        /// The text as given, escaped.
        text: String,
        /// The problem with the text.
        problem: String,
    },
}

impl VersionSelector {
    /// Returns the selected version among the existing ones. An exact version is compared with its
    /// build metadata only if it has any.
    #[must_use]
    pub fn select<'a>(
        &self,
        versions: impl IntoIterator<Item = &'a Version>,
    ) -> Option<&'a Version> {
        versions
            .into_iter()
            .filter(|version| self.matches(version))
            .max()
    }

    fn matches(&self, version: &Version) -> bool {
        match self {
            Self::Newest => version.pre.is_empty(),
            Self::Exact(wanted) if wanted.build.is_empty() => {
                wanted.cmp_precedence(version).is_eq()
            }
            Self::Exact(wanted) => wanted == version,
            Self::Matching(requirement) => requirement.matches(version),
        }
    }
}

impl FromStr for PackageRef {
    type Err = PackageRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('@') {
            Some((name, version)) => Ok(Self {
                name: name.parse()?,
                version: version.parse()?,
            }),
            None => Ok(Self {
                name: text.parse()?,
                version: VersionSelector::Newest,
            }),
        }
    }
}

impl FromStr for VersionSelector {
    type Err = PackageRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(version) = Version::parse(text.strip_prefix('v').unwrap_or(text)) {
            return Ok(Self::Exact(version));
        }
        VersionReq::parse(text)
            .map(Self::Matching)
            .map_err(|error| PackageRefError::Version {
                text: text.escape_debug().to_string(),
                problem: error.to_string(),
            })
    }
}

impl fmt::Display for PackageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            VersionSelector::Newest => write!(f, "{}", self.name),
            wanted => write!(f, "{}@{wanted}", self.name),
        }
    }
}

impl fmt::Display for VersionSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => f.write_str("newest"),
            Self::Exact(version) => write!(f, "{version}"),
            Self::Matching(requirement) => write!(f, "{requirement}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(text: &str) -> Option<String> {
        let versions = ["1.0.0", "1.2.0", "1.9.1", "2.0.0", "2.1.0-rc.1", "1.2.0+b2"];
        let versions = versions.map(|version| Version::parse(version).expect("a version"));
        let wanted: PackageRef = text.parse().expect(text);
        assert_eq!(wanted.to_string().parse(), Ok(wanted.clone()), "{text}");
        wanted.version.select(&versions).map(ToString::to_string)
    }

    #[test]
    fn requirements_select_the_newest_matching_version() {
        for (text, meant) in [
            ("demo:greeter", Some("2.0.0")),
            ("greeter@1.0.0", Some("1.0.0")),
            ("greeter@v1.0.0", Some("1.0.0")),
            ("greeter@^1", Some("1.9.1")),
            ("greeter@~1.2", Some("1.2.0+b2")),
            ("greeter@1.2.0+b2", Some("1.2.0+b2")),
            ("greeter@>=1, <1.9", Some("1.2.0+b2")),
            ("greeter@2.1.0-rc.1", Some("2.1.0-rc.1")),
            ("greeter@>=2.1.0-rc.0", Some("2.1.0-rc.1")),
            ("greeter@3.0.0", None),
            ("greeter@^2.1", None),
        ] {
            assert_eq!(picked(text).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn errors_contain_the_problem() {
        for (text, expected) in [
            ("", "empty"),
            ("Greeter@1.0.0", "'G' at column 1"),
            ("../x@1.0.0", "'.' at column 1"),
            ("greeter@", "neither a version nor a requirement"),
            ("greeter@latest", "`latest` is neither"),
            ("greeter@1.0.0@2", "neither"),
            ("greeter@../../x", "neither"),
        ] {
            let message = text.parse::<PackageRef>().expect_err(text).to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
