//! Resolves the components of a deployments file to bytes: files, published components, and the
//! versions in the lock file.

use std::path::PathBuf;

use airssys_wasm_core::{Digest, PackageRef};
use airssys_wasm_host::Error;

use super::steps::ApplyStep;
use crate::api::{Problem, kinds};
use crate::client::encode_segment;
use crate::command::CommonOptions;
use crate::command::pipeline::PipelineFile;
use crate::command::registry::{PullTarget, RegistryOption, ResolvedComponent, find_published};
use crate::command::source::ComponentSource;
use crate::declared::{
    DeclaredDeployment, DeclaredPipeline, DeploymentsFile, LockFile, LockedComponent,
};
use crate::files;

/// Resolves components, and collects the lock.
pub(super) struct Resolver<'a> {
    common: &'a CommonOptions,
    declared: &'a DeploymentsFile,
    /// The previous lock, or `None` for an upgrade.
    previous_lock: Option<LockFile>,
    pull_target: PullTarget,
    new_lock: LockFile,
}

/// A resolved component.
pub(super) struct FoundComponent {
    pub(super) bytes: Vec<u8>,
    /// `NAME@VERSION` with the exact version, if the host process has the component.
    pub(super) package: Option<String>,
    /// The version, if the component is a published one.
    pub(super) version: Option<String>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        common: &'a CommonOptions,
        declared: &'a DeploymentsFile,
        previous_lock: Option<LockFile>,
        pull_target: PullTarget,
    ) -> Self {
        Self {
            common,
            declared,
            previous_lock,
            pull_target,
            new_lock: LockFile::default(),
        }
    }

    /// Returns the lock with all resolved components.
    pub(super) fn into_lock(self) -> LockFile {
        self.new_lock
    }

    pub(super) async fn resolve_deployment(
        &mut self,
        name: &str,
        declared: &DeclaredDeployment,
    ) -> Result<ApplyStep, Problem> {
        let found = self
            .resolve_component(
                name,
                &declared.options.component,
                self.declared.folder.clone(),
            )
            .await?;
        Ok(ApplyStep::deployment(name, declared.clone(), found))
    }

    pub(super) async fn resolve_pipeline(
        &mut self,
        name: &str,
        declared: &DeclaredPipeline,
    ) -> Result<ApplyStep, Problem> {
        let definition = PipelineFile::read(&self.declared.folder.join(&declared.file))?;
        let mut components = Vec::new();
        for (stage, said) in definition.definition.stages() {
            let place = format!("{name}:{stage}");
            let found = self
                .resolve_component(&place, said.component(), definition.folder.clone())
                .await?;
            components.push(found.bytes);
        }
        Ok(ApplyStep::pipeline(
            name,
            definition.definition,
            declared.grants.clone(),
            components,
        ))
    }

    async fn resolve_component(
        &mut self,
        place: &str,
        said: &str,
        folder: PathBuf,
    ) -> Result<FoundComponent, Problem> {
        let found = match ComponentSource::parse(said) {
            ComponentSource::File(path) => FoundComponent {
                bytes: files::read_bytes(&folder.join(path))?,
                package: None,
                version: None,
            },
            ComponentSource::Published(said) => self.resolve_published(place, said).await?,
        };
        let digest = Digest::compute(&found.bytes).to_string();
        self.check_not_moved(place, said, found.version.as_deref(), &digest)?;
        let version = found.version.clone();
        self.new_lock.insert(
            place.to_owned(),
            LockedComponent {
                component: said.to_owned(),
                version,
                digest,
            },
        );
        Ok(found)
    }

    async fn resolve_published(&self, place: &str, said: &str) -> Result<FoundComponent, Problem> {
        let mut wanted: PackageRef = said.parse().map_err(Error::from)?;
        if let Some(version) = self
            .locked(place, said)
            .and_then(|locked| locked.version.as_deref())
        {
            wanted = format!("{}@{version}", wanted.name)
                .parse()
                .map_err(Error::from)?;
        }
        let registry = RegistryOption::new(self.declared.registry.clone());
        let package = match registry
            .resolve(self.common, &wanted.to_string(), self.pull_target)
            .await?
        {
            ResolvedComponent::Published(package) => package,
            ResolvedComponent::Pulled(component) => {
                let version = component.version().map(ToString::to_string);
                return Ok(FoundComponent {
                    bytes: component.bytes().to_vec(),
                    package: None,
                    version,
                });
            }
        };
        let version = find_published(self.common, &package.parse().map_err(Error::from)?).await?;
        let exact = version
            .as_ref()
            .map(|version| format!("{}@{version}", wanted.name));
        let package = exact.unwrap_or(package);
        let bytes = self
            .common
            .client()?
            .fetch(&format!("/v1/packages/{}", encode_segment(&package)))
            .await?;
        let version = version.map(|version| version.to_string());
        Ok(FoundComponent {
            bytes: bytes.to_vec(),
            package: Some(package),
            version,
        })
    }

    /// Returns the component in the previous lock, or `None` for an upgrade.
    fn locked(&self, place: &str, said: &str) -> Option<&LockedComponent> {
        self.previous_lock.as_ref()?.get(place, said)
    }

    /// Checks that a version still has the digest in the lock. Files may change.
    fn check_not_moved(
        &self,
        place: &str,
        said: &str,
        version: Option<&str>,
        digest: &str,
    ) -> Result<(), Problem> {
        match (self.locked(place, said), version) {
            (Some(locked), Some(version)) if locked.digest != digest => {
                let message = format!(
                    "{said} {version} has the digest {digest}, but the lock file has {}: the version was moved; accept it with `--upgrade`",
                    locked.digest
                );
                Err(Problem::new(kinds::VERSION_TAKEN, message))
            }
            _ => Ok(()),
        }
    }
}
