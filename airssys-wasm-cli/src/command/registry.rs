//! The `--registry` option, and the resolution of published components.
//!
//! Tests: `airssys-wasm-cli/tests/cli/registry.rs`.

use airssys_wasm_core::PackageRef;
use airssys_wasm_host::{Component, Error, ErrorKind};
use clap::Args;

use super::Common;
use super::file::Source;
use crate::api::{DeploymentView, PackageView, Problem, PublishSpec, Published, kinds};
use crate::client::segment;
use crate::files;
use crate::registry::{Registry, RegistryPlace};

/// A resolved component.
pub(super) enum Resolved {
    /// Published in the host process, as `NAME@VERSION`.
    There(String),
    /// Pulled from a registry, and not stored in the host process.
    Pulled(Component),
}

/// The `--registry` option.
#[derive(Args, Debug)]
pub(super) struct RegistryArgument {
    /// OCI registry: `localhost:5000`, `registry.example.com/components`; uses the credentials of
    /// Docker
    #[arg(long, value_name = "REGISTRY", env = "AIRSSYS_WASM_REGISTRY")]
    registry: Option<RegistryPlace>,
}

impl RegistryArgument {
    /// Creates the option from a registry in a file, if there is one.
    pub(super) fn of(registry: Option<RegistryPlace>) -> Self {
        Self { registry }
    }

    pub(super) fn get(self) -> Option<Registry> {
        self.registry.map(Registry::new)
    }

    /// Resolves the component argument of a command to the parts of a request.
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

    /// Resolves the published component that an update without a file refers to. Looks it up under
    /// the name of the active component, which may differ from that of the deployment.
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

    /// Resolves a published component, in the registry if one is set.
    ///
    /// Does not contact the registry for an exact version that the host process already has. If the
    /// registry fails, falls back to a matching version in the host process, with a warning. The
    /// host process stores the pulled component, except in a dry run.
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
                    "{problem}; using {version}, which the host process has"
                ));
                Ok(is_there(&version))
            }
            (Err(problem), _) => Err(problem),
        }
    }
}

/// The parts of a request that identify a component.
#[derive(Default)]
pub(super) struct Parts {
    /// Name and version of a component that the host process has.
    pub(super) package: Option<String>,
    /// The bytes, if the host process does not have the component. `name` and `version` then apply
    /// to components without their own.
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

/// Stores a pulled component in the host process. Fails if the host process has the same version
/// with different bytes, which means that the tag was moved.
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
                        "the registry now has different bytes for this version: {}",
                        problem.message
                    );
                    Problem { message, ..problem }
                }
                false => problem,
            },
        )
}

/// Returns the matching version among those published in the host process, if there is one.
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
