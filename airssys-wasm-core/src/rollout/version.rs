//! Checks whether a version is newer, as an update requires by default.
//!
//! Tests: in this file.

use semver::Version;
use thiserror::Error;

/// The error for an update to a version that is not known to be newer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{} is not newer than {}, which is deployed",
    describe_version(to),
    describe_version(from)
)]
pub struct VersionNotNewer {
    from: Option<Version>,
    to: Option<Version>,
}

/// Checks that `to` is newer than `from`. A component without a version is never newer.
///
/// # Errors
///
/// Fails with [`VersionNotNewer`], which has both versions, if `to` is not newer.
///
/// ```
/// use airssys_wasm_core::check_version;
/// use semver::Version;
///
/// let (old, new) = (Version::new(1, 9, 0), Version::new(1, 10, 0));
/// assert!(check_version(Some(&old), Some(&new)).is_ok());
/// assert!(check_version(Some(&new), Some(&old)).is_err());
/// ```
pub fn check_version(from: Option<&Version>, to: Option<&Version>) -> Result<(), VersionNotNewer> {
    match (from, to) {
        (None, Some(_)) => Ok(()),
        (Some(from), Some(to)) if to.cmp_precedence(from).is_gt() => Ok(()),
        _ => Err(VersionNotNewer {
            from: from.cloned(),
            to: to.cloned(),
        }),
    }
}

fn describe_version(version: &Option<Version>) -> String {
    match version {
        Some(version) => format!("version {version}"),
        None => "a component without a version".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_newer_version_passes() {
        let version = |text: &str| Version::parse(text).expect("a version");
        for (from, to, newer) in [
            (Some("1.0.0"), Some("1.0.1"), true),
            (Some("1.0.0-rc.1"), Some("1.0.0"), true),
            (Some("1.0.0"), Some("1.0.0"), false),
            (Some("1.0.0"), Some("1.0.0+other"), false),
            (Some("2.0.0"), Some("1.9.9"), false),
            (None, Some("1.0.0"), true),
            (Some("1.0.0"), None, false),
            (None, None, false),
        ] {
            let (from, to) = (from.map(version), to.map(version));
            assert_eq!(
                check_version(from.as_ref(), to.as_ref()).is_ok(),
                newer,
                "{from:?} to {to:?}"
            );
        }
    }
}
