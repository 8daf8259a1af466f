//! Resolves the components of a deployments file to bytes: files, published components, and the
//! versions in the lock file.

use std::path::PathBuf;

use airssys_wasm_core::{Digest, PackageRef};
use airssys_wasm_host::{Error, ErrorKind};

use super::steps::Step;
use crate::api::Problem;
use crate::client::segment;
use crate::command::Common;
use crate::command::file::Source;
use crate::command::pipeline::Definition;
use crate::command::registry::{RegistryArgument, Resolved, kept};
use crate::declared::{Declared, DeclaredDeployment, DeclaredPipeline, Lock, Locked};
use crate::files;

/// Resolves components, and collects the lock.
pub(super) struct Resolver<'a> {
    common: &'a Common,
    declared: &'a Declared,
    before: Lock,
    upgrade: bool,
    /// `true` if the host process must not store pulled components.
    dry_run: bool,
    after: Lock,
}

/// A resolved component.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    /// `NAME@VERSION` with the exact version, if the host process has the component.
    pub(super) package: Option<String>,
    /// The version, if the component is a published one.
    pub(super) version: Option<String>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        common: &'a Common,
        declared: &'a Declared,
        before: Lock,
        upgrade: bool,
        dry_run: bool,
    ) -> Self {
        Self {
            common,
            declared,
            before,
            upgrade,
            dry_run,
            after: Lock::default(),
        }
    }

    /// Returns the lock with all resolved components.
    pub(super) fn lock(self) -> Lock {
        self.after
    }

    pub(super) async fn deployment(
        &mut self,
        name: &str,
        declared: &DeclaredDeployment,
    ) -> Result<Step, Problem> {
        let found = self
            .find(name, &declared.component, self.declared.folder.clone())
            .await?;
        Ok(Step::deployment(name, declared.clone(), found))
    }

    pub(super) async fn pipeline(
        &mut self,
        name: &str,
        declared: &DeclaredPipeline,
    ) -> Result<Step, Problem> {
        let definition = Definition::read(&self.declared.folder.join(&declared.file))?;
        let mut components = Vec::new();
        for (stage, said) in definition.said.stages() {
            let place = format!("{name}:{stage}");
            let found = self
                .find(&place, said.component(), definition.folder.clone())
                .await?;
            components.push(found.bytes);
        }
        Ok(Step::pipeline(
            name,
            definition.said,
            declared.grants.clone(),
            components,
        ))
    }

    async fn find(&mut self, place: &str, said: &str, folder: PathBuf) -> Result<Found, Problem> {
        let found = match Source::of(said) {
            Source::File(path) => Found {
                bytes: files::read(&folder.join(path))?,
                package: None,
                version: None,
            },
            Source::Published(said) => self.published(place, said).await?,
        };
        let digest = Digest::of(&found.bytes).to_string();
        self.check_not_moved(place, said, found.version.as_deref(), &digest)?;
        let version = found.version.clone();
        self.after.put(
            place.to_owned(),
            Locked {
                component: said.to_owned(),
                version,
                digest,
            },
        );
        Ok(found)
    }

    async fn published(&self, place: &str, said: &str) -> Result<Found, Problem> {
        let mut wanted: PackageRef = said.parse().map_err(Error::from)?;
        if let Some(version) = self
            .locked(place, said)
            .and_then(|locked| locked.version.as_deref())
        {
            wanted = format!("{}@{version}", wanted.name)
                .parse()
                .map_err(Error::from)?;
        }
        let registry = RegistryArgument::of(self.declared.registry.clone());
        let package = match registry
            .resolve(self.common, &wanted.to_string(), self.dry_run)
            .await?
        {
            Resolved::There(package) => package,
            Resolved::Pulled(component) => {
                let version = component.version().map(ToString::to_string);
                return Ok(Found {
                    bytes: component.bytes().to_vec(),
                    package: None,
                    version,
                });
            }
        };
        let version = kept(self.common, &package.parse().map_err(Error::from)?).await?;
        let exact = version
            .as_ref()
            .map(|version| format!("{}@{version}", wanted.name));
        let package = exact.unwrap_or(package);
        let bytes = self
            .common
            .client()?
            .fetch(&format!("/v1/packages/{}", segment(&package)))
            .await?;
        let version = version.map(|version| version.to_string());
        Ok(Found {
            bytes: bytes.to_vec(),
            package: Some(package),
            version,
        })
    }

    /// Returns the component in the previous lock, or `None` for an upgrade.
    fn locked(&self, place: &str, said: &str) -> Option<&Locked> {
        if self.upgrade {
            None
        } else {
            self.before.get(place, said)
        }
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
                Err(Problem::of(ErrorKind::VersionTaken, message))
            }
            _ => Ok(()),
        }
    }
}
