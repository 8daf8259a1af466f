//! The address of a registry: a server, and optionally a path above its repositories.
//!
//! Tests: in this file.

use std::fmt;
use std::str::FromStr;

use airssys_wasm_host::ComponentName;
use docker_credential::DockerCredential;
use oci_client::Reference;
use oci_client::secrets::RegistryAuth;
use semver::Version;

/// The address of a registry: `localhost:5000`, `registry.example.com/components`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegistryAddress {
    server: String,
    path_prefix: String,
}

impl RegistryAddress {
    /// Returns the repository of a name. The namespace becomes a path segment.
    pub(super) fn repository(&self, name: &ComponentName) -> Reference {
        // The tag is not used.
        Reference::with_tag(self.server.clone(), self.path(name), "latest".into())
    }

    /// Returns the reference of a version.
    pub(super) fn version_reference(&self, name: &ComponentName, version: &Version) -> Reference {
        Reference::with_tag(self.server.clone(), self.path(name), to_tag(version))
    }

    fn path(&self, name: &ComponentName) -> String {
        format!("{}{}", self.path_prefix, name.as_str().replace(':', "/"))
    }

    /// Returns `true` if the server is on this machine, and is therefore used without TLS.
    pub(super) fn is_local(&self) -> bool {
        let host = self
            .server
            .rsplit_once(':')
            .map_or(self.server.as_str(), |(host, _)| host);
        matches!(host, "localhost" | "127.0.0.1" | "[::1]")
    }

    /// Returns the credentials in Docker's configuration; anonymous if it has none.
    pub(super) fn credentials(&self) -> RegistryAuth {
        match docker_credential::get_credential(&self.server) {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                RegistryAuth::Basic(user, password)
            }
            Ok(DockerCredential::IdentityToken(token)) => RegistryAuth::Bearer(token),
            Err(_) => RegistryAuth::Anonymous,
        }
    }
}

impl FromStr for RegistryAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let advice =
            || "write for example `localhost:5000` or `registry.example.com/components`".to_owned();
        let (server, below) = text
            .trim_end_matches('/')
            .split_once('/')
            .unwrap_or((text.trim_end_matches('/'), ""));
        let is_server =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        let is_path = |part: &str| {
            !part.is_empty()
                && part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.chars().all(|c| {
                    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_')
                })
        };
        if server.is_empty()
            || !server.chars().all(is_server)
            || !(below.is_empty() || below.split('/').all(is_path))
        {
            return Err(advice());
        }
        let below = if below.is_empty() {
            String::new()
        } else {
            format!("{below}/")
        };
        Ok(Self {
            server: server.to_owned(),
            path_prefix: below,
        })
    }
}

impl fmt::Display for RegistryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(format!("{}/{}", self.server, self.path_prefix).trim_end_matches('/'))
    }
}

/// Converts a version to a tag: the `+` of build metadata, which tags cannot contain, becomes
/// `_`.
fn to_tag(version: &Version) -> String {
    version.to_string().replace('+', "_")
}

/// Parses a tag. Returns `None` if it is not a version.
pub(super) fn parse_tag(tag: &str) -> Option<Version> {
    Version::parse(&tag.replacen('_', "+", 1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_server_and_a_path() {
        for (text, repository) in [
            ("localhost:5000", "localhost:5000/demo/greeter:1.0.0_b2"),
            (
                "registry.example.com/a/b/",
                "registry.example.com/a/b/demo/greeter:1.0.0_b2",
            ),
        ] {
            let place: RegistryAddress = text.parse().expect(text);
            let version = Version::parse("1.0.0+b2").expect("a version");
            let image = place.version_reference(&"demo:greeter".parse().expect("a name"), &version);
            assert_eq!(image.whole(), repository);
            assert_eq!(place.to_string(), text.trim_end_matches('/'));
            assert_eq!(parse_tag(&to_tag(&version)), Some(version));
        }
    }

    #[test]
    fn addresses_that_lead_elsewhere_are_rejected() {
        for text in [
            "",
            "/",
            "https://x",
            "a b",
            "x/../y",
            "x//y",
            "x/A",
            "user@x",
            "x/y?z",
            "x/..",
        ] {
            assert!(text.parse::<RegistryAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_local_addresses_are_used_without_tls() {
        for (text, is) in [
            ("localhost:5000", true),
            ("127.0.0.1:1", true),
            ("[::1]:5000", true),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com:80", false),
        ] {
            assert_eq!(
                text.parse::<RegistryAddress>().expect(text).is_local(),
                is,
                "{text}"
            );
        }
    }
}
