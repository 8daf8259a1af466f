//! What several commands say of a registry.

use airssys_wasm_core::PackageRef;
use airssys_wasm_host::{Component, Error, ErrorKind};
use clap::Args;

use super::Common;
use super::file::Source;
use crate::api::{DeploymentView, PackageView, Problem, PublishSpec, Published, kinds};
use crate::client::segment;
use crate::files;
use crate::registry::{Registry, RegistryPlace};

/// A component that was found.
pub(super) enum Resolved {
    /// Published in the host process, under this name and version.
    There(String),
    /// In a registry, and not kept.
    Pulled(Component),
}

/// Which registry.
#[derive(Args, Debug)]
pub(super) struct RegistryArgument {
    /// An OCI registry: `localhost:5000`, `registry.example.com/components`; credentials are
    /// those that Docker has
    #[arg(long, value_name = "REGISTRY", env = "AIRSSYS_WASM_REGISTRY")]
    registry: Option<RegistryPlace>,
}

impl RegistryArgument {
    /// The registry that a file says, if it says one.
    pub(super) fn of(registry: Option<RegistryPlace>) -> Self {
        Self { registry }
    }

    pub(super) fn get(self) -> Option<Registry> {
        self.registry.map(Registry::new)
    }

    /// What is said of a component that is given.
    pub(super) async fn parts(
        self,
        common: &Common,
        source: Source<'_>,
        dry_run: bool,
    ) -> Result<Parts, Problem> {
        match source {
            Source::File(path) => Ok(Parts {
                bytes: Some(files::read(path)?),
                ..Parts::default()
            }),
            Source::Published(package) => {
                Ok(self.resolve(common, package, dry_run).await?.into_parts())
            }
        }
    }

    /// What is meant by what follows the component that serves a name, which may be deployed
    /// under another than its own.
    pub(super) async fn resolve_next(
        self,
        common: &Common,
        name: &str,
        version: Option<&str>,
        dry_run: bool,
    ) -> Result<Resolved, Problem> {
        let path = format!("/v1/deployments/{}", segment(name));
        let serving: DeploymentView = common.client()?.get(&path).await?;
        let package = serving.package.unwrap_or_else(|| name.to_owned());
        let wanted =
            version.map_or_else(|| package.clone(), |version| format!("{package}@{version}"));
        self.resolve(common, &wanted, dry_run).await
    }

    /// What is meant, from the registry if one was said. One that the host process has is not
    /// asked for again, and what is there serves if the registry cannot be reached. It keeps what
    /// was pulled, unless it is only asked what would be done.
    pub(super) async fn resolve(
        self,
        common: &Common,
        package: &str,
        dry_run: bool,
    ) -> Result<Resolved, Problem> {
        let Some(registry) = self.registry.map(Registry::new) else {
            return Ok(Resolved::There(package.to_owned()));
        };
        let wanted: PackageRef = package.parse().map_err(Error::from)?;
        let there = kept(common, &wanted).await?;
        let is_there =
            |version: &semver::Version| Resolved::There(format!("{}@{version}", wanted.name));
        if let (Some(version), airssys_wasm_host::Wanted::Exactly(_)) = (&there, &wanted.version) {
            return Ok(is_there(version));
        }
        match (registry.pull(&wanted).await, there) {
            (Ok(component), _) if dry_run => Ok(Resolved::Pulled(component)),
            (Ok(component), _) => {
                let kept = keep(common, &component).await?;
                Ok(Resolved::There(format!("{}@{}", kept.name, kept.version)))
            }
            (Err(problem), Some(version)) if problem.kind == kinds::REGISTRY => {
                common.output.warn(&format!(
                    "{problem}; going on with {version}, which is here"
                ));
                Ok(is_there(&version))
            }
            (Err(problem), _) => Err(problem),
        }
    }
}

/// What is said of a component to the host process.
#[derive(Default)]
pub(super) struct Parts {
    /// What it is called there.
    pub(super) package: Option<String>,
    /// Its bytes, if it is not there, with what they may not say.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}

impl Resolved {
    pub(super) fn into_parts(self) -> Parts {
        match self {
            Self::There(package) => Parts {
                package: Some(package),
                ..Parts::default()
            },
            Self::Pulled(component) => Parts {
                package: None,
                name: component.name().map(ToString::to_string),
                version: component.version().map(ToString::to_string),
                bytes: Some(component.bytes().to_vec()),
            },
        }
    }
}

/// Has the host process keep a component that was pulled. If it has the version with other
/// bytes, the tag was moved, and that is refused.
pub(super) async fn keep(common: &Common, component: &Component) -> Result<Published, Problem> {
    let spec = PublishSpec {
        name: component.name().map(ToString::to_string),
        version: component.version().map(ToString::to_string),
    };
    common
        .client()?
        .upload("/v1/packages", &spec, Some(component.bytes().to_vec()))
        .await
        .map_err(
            |problem: Problem| match problem.is(ErrorKind::VersionTaken) {
                true => {
                    let message = format!(
                        "the registry has other bytes now than it had: {}",
                        problem.message
                    );
                    Problem { message, ..problem }
                }
                false => problem,
            },
        )
}

/// The version that is meant, of those that the host process keeps.
pub(super) async fn kept(
    common: &Common,
    wanted: &PackageRef,
) -> Result<Option<semver::Version>, Problem> {
    let packages: Vec<PackageView> = common.client()?.get("/v1/packages").await?;
    let package = packages
        .into_iter()
        .find(|package| package.name == wanted.name.as_str());
    let versions: Vec<semver::Version> = package
        .iter()
        .flat_map(|package| &package.versions)
        .filter_map(|version| version.parse().ok())
        .collect();
    Ok(wanted.version.pick(&versions).cloned())
}
