//! Pushes components to an OCI registry, and pulls them from it.
//!
//! A component is an artifact of one layer, in the layout that `wkg` and other tools use; its tag
//! is its version. Tags can be moved on a server, so a tag does not identify the bytes: the host
//! process stores a version once it was pulled, and other bytes for that version are refused.
//!
//! Tests: `airssys-wasm-cli/tests/cli/registry.rs`, against a local registry.

mod address;
mod artifact;
mod problem;

use std::collections::BTreeSet;
use std::time::Duration;

use airssys_wasm_core::PackageRef;
use airssys_wasm_core::bounds::COMPONENT_BYTES_MAX;
use airssys_wasm_host::{Component, ComponentName, ErrorKind};
use oci_client::Client;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{OciDescriptor, OciImageManifest};
use oci_client::secrets::RegistryAuth;
use semver::Version;

pub(crate) use address::RegistryAddress;

use crate::api::{Problem, kinds};
use crate::output;

/// Number of versions after which no more tags of a repository are listed.
const TAGS_MAX: usize = 100_000;
/// Timeout for connecting to a server, and for each read.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of a registry, with one user's credentials.
pub(crate) struct Registry {
    address: RegistryAddress,
    client: Client,
    credentials: RegistryAuth,
}

impl Registry {
    /// Creates a client for a registry, with the credentials in Docker's configuration.
    pub(crate) fn new(place: RegistryAddress) -> Self {
        // Fails if a provider is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ClientConfig {
            protocol: if place.is_local() {
                ClientProtocol::Http
            } else {
                ClientProtocol::Https
            },
            read_timeout: Some(TIMEOUT),
            connect_timeout: Some(TIMEOUT),
            user_agent: concat!("airssys-wasm/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let user = place.credentials();
        Self {
            client: Client::new(config),
            credentials: user,
            address: place,
        }
    }

    /// Returns the published versions of a name, from its tags. Skips tags that are not versions.
    pub(crate) async fn versions(&self, name: &ComponentName) -> Result<Vec<Version>, Problem> {
        let repository = self.address.repository(name);
        let (mut versions, mut last) = (Vec::new(), None::<String>);
        loop {
            let page = self
                .client
                .list_tags(&repository, &self.credentials, Some(1_000), last.as_deref())
                .await;
            let tags = match page {
                Err(error) if problem::is_not_found(&error) => return Ok(versions),
                page => {
                    page.map_err(|error| problem::from_error(&self.address, &error))?
                        .tags
                }
            };
            versions.extend(tags.iter().filter_map(|tag| address::parse_tag(tag)));
            match tags.last() {
                Some(tag) if tags.len() >= 1_000 && versions.len() < TAGS_MAX => {
                    last = Some(tag.clone())
                }
                _ => return Ok(versions),
            }
        }
    }

    /// Pulls the best match for a package reference, with its name and version set. The bytes match
    /// the digest in the manifest.
    pub(crate) async fn pull(&self, wanted: &PackageRef) -> Result<Component, Problem> {
        let versions = self.versions(&wanted.name).await?;
        let Some(version) = wanted.version.select(&versions) else {
            let there: Vec<String> = versions
                .iter()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .map(ToString::to_string)
                .collect();
            let there = if there.is_empty() {
                "no version is published".into()
            } else {
                format!("published versions: {}", there.join(", "))
            };
            let message = format!("`{wanted}` is not published at `{}`; {there}", self.address);
            return Err(Problem::from_kind(ErrorKind::NotPublished, message));
        };
        let layer = self
            .find_layer(&wanted.name, version)
            .await?
            .ok_or_else(|| {
                Problem::new(
                    kinds::REGISTRY,
                    format!(
                        "`{}` lists {version} but has no manifest for it",
                        self.address
                    ),
                )
            })?;
        let bytes = self.download_layer(&wanted.name, &layer).await?;
        let component = Component::from_bytes(bytes)?;
        Ok(component
            .with_name(wanted.name.as_str())?
            .with_version(version.clone()))
    }

    /// Checks whether a component can be pushed. Returns its name and version, or `None` if it has
    /// been pushed already.
    ///
    /// # Errors
    ///
    /// Fails if the component declares no name or no version, or if the registry has the version
    /// with other bytes.
    pub(crate) async fn check_push<'a>(
        &self,
        component: &'a Component,
    ) -> Result<Option<(&'a ComponentName, &'a Version)>, Problem> {
        let (Some(name), Some(version)) = (component.name(), component.version()) else {
            let message = "the component has no name or no version; set them with `--name` and `--component-version`";
            return Err(Problem::new(kinds::UNNAMED, message));
        };
        let digest = component.digest().to_string();
        match self.find_layer(name, version).await? {
            Some(there) if there.digest == digest => Ok(None),
            Some(there) => {
                let message = format!(
                    "{name} {version} already exists at `{}`, with the digest {}",
                    self.address, there.digest
                );
                Err(Problem::new(kinds::VERSION_TAKEN, message))
            }
            None => Ok(Some((name, version))),
        }
    }

    /// Pushes a component under its name and version. Does nothing if it has been pushed already.
    ///
    /// # Errors
    ///
    /// As [`check_push`](Self::check_push), or if the registry cannot be reached or refuses.
    pub(crate) async fn push(&self, component: &Component) -> Result<(), Problem> {
        let Some((name, version)) = self.check_push(component).await? else {
            return Ok(());
        };
        let (layer, config, manifest) = artifact::to_artifact(component);
        let _waiting = output::show_spinner(format!("pushing {name} {version}"));
        let image = self.address.version_reference(name, version);
        let pushed = self
            .client
            .push(&image, &[layer], config, &self.credentials, Some(manifest))
            .await;
        pushed
            .map(drop)
            .map_err(|error| problem::from_error(&self.address, &error))
    }

    /// Returns the layer that the server currently has for a version. `None` if the version does
    /// not exist.
    async fn find_layer(
        &self,
        name: &ComponentName,
        version: &Version,
    ) -> Result<Option<OciDescriptor>, Problem> {
        let image = self.address.version_reference(name, version);
        let pulled: Result<(OciImageManifest, String), OciDistributionError> = self
            .client
            .pull_image_manifest(&image, &self.credentials)
            .await;
        let manifest = match pulled {
            Err(error) if problem::is_not_found(&error) => return Ok(None),
            pulled => {
                pulled
                    .map_err(|error| problem::from_error(&self.address, &error))?
                    .0
            }
        };
        artifact::only_layer(manifest).map(Some).map_err(|what| {
            Problem::new(
                kinds::REGISTRY,
                format!(
                    "{name} {version} at `{}` is not a component: {what}",
                    self.address
                ),
            )
        })
    }

    /// Downloads a layer. Fails if the bytes do not match its digest or exceed its declared size.
    async fn download_layer(
        &self,
        name: &ComponentName,
        layer: &OciDescriptor,
    ) -> Result<Vec<u8>, Problem> {
        let size = usize::try_from(layer.size).unwrap_or(usize::MAX);
        if size > COMPONENT_BYTES_MAX {
            let message = format!(
                "the manifest of {name} declares {} bytes; at most {COMPONENT_BYTES_MAX} are accepted",
                layer.size
            );
            return Err(Problem::new(kinds::REGISTRY, message));
        }
        let progress = output::show_byte_progress(format!("pulling {name}"), size as u64);
        let mut bytes = artifact::BoundedBuffer::new(size, progress);
        let pulled = self
            .client
            .pull_blob(&self.address.repository(name), layer, &mut bytes)
            .await;
        pulled.map_err(|error| problem::from_error(&self.address, &error))?;
        Ok(bytes.into_inner())
    }
}
