//! From what a file says to bytes: files, what is published, and what the lock file has.

use std::path::PathBuf;

use airssys_wasm_core::{Digest, PackageRef};
use airssys_wasm_host::Error;

use super::steps::Step;
use crate::api::{Problem, kinds};
use crate::client::segment;
use crate::command::Common;
use crate::command::file::{self, Source};
use crate::command::pipeline::Definition;
use crate::command::registry::{RegistryArgument, kept};
use crate::declared::{Declared, DeclaredDeployment, DeclaredPipeline, Lock, Locked};

pub(super) struct Resolver<'a> {
    common: &'a Common,
    declared: &'a Declared,
    before: Lock,
    upgrade: bool,
    after: Lock,
}

/// A component that was found.
struct Found {
    bytes: Vec<u8>,
    /// The exact version, of one that is published.
    package: Option<String>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(common: &'a Common, declared: &'a Declared, before: Lock, upgrade: bool) -> Self {
        Self { common, declared, before, upgrade, after: Lock::default() }
    }

    /// What everything was resolved to.
    pub(super) fn lock(self) -> Lock {
        self.after
    }

    pub(super) async fn deployment(
        &mut self,
        name: &str,
        declared: &DeclaredDeployment,
    ) -> Result<Step, Problem> {
        let Found { bytes, package } =
            self.find(name, &declared.component, self.declared.folder.clone()).await?;
        Ok(Step::deployment(name, declared.clone(), package, bytes))
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
            let found = self.find(&place, said.component(), definition.folder.clone()).await?;
            components.push(found.bytes);
        }
        Ok(Step::pipeline(name, definition.said, declared.grants.clone(), components))
    }

    async fn find(&mut self, place: &str, said: &str, folder: PathBuf) -> Result<Found, Problem> {
        let (found, version) = match Source::of(said) {
            Source::File(path) => {
                let bytes = file::read(&folder.join(path))?;
                (Found { bytes, package: None }, None)
            }
            Source::Published(said) => self.published(place, said).await?,
        };
        let digest = Digest::of(&found.bytes).to_string();
        self.check_not_moved(place, said, version.as_deref(), &digest)?;
        self.after.put(place.to_owned(), Locked { component: said.to_owned(), version, digest });
        Ok(found)
    }

    async fn published(&self, place: &str, said: &str) -> Result<(Found, Option<String>), Problem> {
        let mut wanted: PackageRef = said.parse().map_err(Error::from)?;
        if let Some(version) = self.locked(place, said).and_then(|locked| locked.version.as_deref()) {
            wanted = format!("{}@{version}", wanted.name).parse().map_err(Error::from)?;
        }
        let registry = RegistryArgument::of(self.declared.registry.clone());
        let resolved = registry.resolve(self.common, &wanted.to_string()).await?;
        let version = kept(self.common, &resolved.parse().map_err(Error::from)?).await?;
        let exact = version.as_ref().map(|version| format!("{}@{version}", wanted.name));
        let package = exact.unwrap_or(resolved);
        let bytes = self.common.client()?.fetch(&format!("/v1/packages/{}", segment(&package))).await?;
        let found = Found { bytes: bytes.to_vec(), package: Some(package) };
        Ok((found, version.map(|version| version.to_string())))
    }

    /// What a component was resolved to before, if that counts.
    fn locked(&self, place: &str, said: &str) -> Option<&Locked> {
        if self.upgrade { None } else { self.before.get(place, said) }
    }

    /// A version stands for the bytes that it stood for. A file may change.
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
                    "{said} {version} has the digest {digest}, and the lock file has {}: it was moved; say `--upgrade` if that is meant",
                    locked.digest
                );
                Err(Problem::new(kinds::VERSION_TAKEN, message))
            }
            _ => Ok(()),
        }
    }
}
