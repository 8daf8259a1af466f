//! An OCI registry that components are pushed to and pulled from.
//!
//! A component is an artifact of one layer, as `wkg` and others of the field write and read it;
//! its tag is its version. Tags can be moved on a server, so nothing is taken for what it was by
//! its tag: what was pulled once under a version is kept, and other bytes under it are refused.
//! Tests: the crate's `tests/registry`, with a registry of its own.

mod artifact;
mod place;
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

pub(crate) use place::RegistryPlace;

use crate::api::{Problem, kinds};
use crate::output;

/// The most tags of one repository that are looked at.
const TAGS_MAX: usize = 100_000;
/// How long a server may say nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// A registry, as one user may use it.
pub(crate) struct Registry {
    place: RegistryPlace,
    client: Client,
    user: RegistryAuth,
}

impl Registry {
    /// The registry of a place, with the credentials that Docker has for it.
    pub(crate) fn new(place: RegistryPlace) -> Self {
        // Another one may have been installed before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ClientConfig {
            protocol: if place.is_this_machine() {
                ClientProtocol::Http
            } else {
                ClientProtocol::Https
            },
            read_timeout: Some(SILENCE),
            connect_timeout: Some(SILENCE),
            user_agent: concat!("airssys-wasm/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let user = place.credentials();
        Self {
            client: Client::new(config),
            user,
            place,
        }
    }

    /// The versions of a name, as its tags say; tags that are no versions are left out.
    pub(crate) async fn versions(&self, name: &ComponentName) -> Result<Vec<Version>, Problem> {
        let repository = self.place.repository(name);
        let (mut versions, mut last) = (Vec::new(), None::<String>);
        loop {
            let page = self
                .client
                .list_tags(&repository, &self.user, Some(1_000), last.as_deref())
                .await;
            let tags = match page {
                Err(error) if problem::is_not_there(&error) => return Ok(versions),
                page => page.map_err(|error| problem::of(&self.place, &error))?.tags,
            };
            versions.extend(tags.iter().filter_map(|tag| place::version_of(tag)));
            match tags.last() {
                Some(tag) if tags.len() >= 1_000 && versions.len() < TAGS_MAX => {
                    last = Some(tag.clone())
                }
                _ => return Ok(versions),
            }
        }
    }

    /// Pulls what is meant: the version that was found, and the bytes that its manifest names.
    pub(crate) async fn pull(&self, wanted: &PackageRef) -> Result<Component, Problem> {
        let versions = self.versions(&wanted.name).await?;
        let Some(version) = wanted.version.pick(&versions) else {
            let there: Vec<String> = versions
                .iter()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .map(ToString::to_string)
                .collect();
            let there = if there.is_empty() {
                "no version is".into()
            } else {
                format!("there is {}", there.join(", "))
            };
            let message = format!("`{wanted}` is not published at `{}`; {there}", self.place);
            return Err(Problem::of(ErrorKind::NotPublished, message));
        };
        let layer = self.layer(&wanted.name, version).await?.ok_or_else(|| {
            Problem::new(
                kinds::REGISTRY,
                format!(
                    "`{}` lists {version}, and has no manifest of it",
                    self.place
                ),
            )
        })?;
        let bytes = self.blob(&wanted.name, &layer).await?;
        let component = Component::from_bytes(bytes)?;
        Ok(component
            .with_name(wanted.name.as_str())?
            .with_version(version.clone()))
    }

    /// Whether a component can be pushed under its name and version: they, if it is not there.
    ///
    /// # Errors
    ///
    /// If the version is there with other bytes.
    pub(crate) async fn check_push<'a>(
        &self,
        component: &'a Component,
    ) -> Result<Option<(&'a ComponentName, &'a Version)>, Problem> {
        let (Some(name), Some(version)) = (component.name(), component.version()) else {
            let message =
                "it says no name or no version; say them with `--name` and `--component-version`";
            return Err(Problem::of(ErrorKind::Unnamed, message));
        };
        let digest = component.digest().to_string();
        match self.layer(name, version).await? {
            Some(there) if there.digest == digest => Ok(None),
            Some(there) => {
                let message = format!(
                    "{name} {version} is at `{}` already, with the digest {}",
                    self.place, there.digest
                );
                Err(Problem::of(ErrorKind::VersionTaken, message))
            }
            None => Ok(Some((name, version))),
        }
    }

    /// Pushes a component under its name and version. The same again changes nothing.
    ///
    /// # Errors
    ///
    /// If the version is there with other bytes.
    pub(crate) async fn push(&self, component: &Component) -> Result<(), Problem> {
        let Some((name, version)) = self.check_push(component).await? else {
            return Ok(());
        };
        let (layer, config, manifest) = artifact::of(component);
        let _waiting = output::waiting(format!("pushing {name} {version}"));
        let image = self.place.image(name, version);
        let pushed = self
            .client
            .push(&image, &[layer], config, &self.user, Some(manifest))
            .await;
        pushed
            .map(drop)
            .map_err(|error| problem::of(&self.place, &error))
    }

    /// The layer that a version stands for on the server now, if it is there.
    async fn layer(
        &self,
        name: &ComponentName,
        version: &Version,
    ) -> Result<Option<OciDescriptor>, Problem> {
        let image = self.place.image(name, version);
        let pulled: Result<(OciImageManifest, String), OciDistributionError> =
            self.client.pull_image_manifest(&image, &self.user).await;
        let manifest = match pulled {
            Err(error) if problem::is_not_there(&error) => return Ok(None),
            pulled => pulled.map_err(|error| problem::of(&self.place, &error))?.0,
        };
        artifact::layer(manifest).map(Some).map_err(|what| {
            Problem::new(
                kinds::REGISTRY,
                format!(
                    "{name} {version} at `{}` is no component: {what}",
                    self.place
                ),
            )
        })
    }

    /// The bytes of a layer, if they are those that its digest names.
    async fn blob(&self, name: &ComponentName, layer: &OciDescriptor) -> Result<Vec<u8>, Problem> {
        let size = usize::try_from(layer.size).unwrap_or(usize::MAX);
        if size > COMPONENT_BYTES_MAX {
            let message = format!(
                "{name} is said to have {} bytes; at most {COMPONENT_BYTES_MAX} are taken",
                layer.size
            );
            return Err(Problem::new(kinds::REGISTRY, message));
        }
        let progress = output::bytes(format!("pulling {name}"), size as u64);
        let mut bytes = artifact::Bounded::of(size, progress);
        let pulled = self
            .client
            .pull_blob(&self.place.repository(name), layer, &mut bytes)
            .await;
        pulled.map_err(|error| problem::of(&self.place, &error))?;
        Ok(bytes.into_inner())
    }
}
