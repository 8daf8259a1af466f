//! The `--registry` option, and the resolution of published components.
//!
//! Tests: `airssys-wasm-cli/tests/cli/registry.rs`.

use airssys_wasm_core::PackageRef;
use airssys_wasm_host::{Component, Error};
use clap::Args;

use super::CommonOptions;
use super::source::ComponentSource;
use crate::api::{DeploymentView, PackageView, Problem, PublishSpec, PublishedVersion, kinds};
use crate::client::encode_segment;
use crate::files;
use crate::registry::{Registry, RegistryAddress};

/// A resolved component.
pub(super) enum ResolvedComponent {
    /// Published in the host process, as `NAME@VERSION`.
    Published(String),
    /// Pulled from a registry, and not stored in the host process.
    Pulled(Component),
}

/// The place of a component that is pulled from a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PullTarget {
    /// The host process stores the component.
    HostProcess,
    /// Only this command holds the component.
    Memory,
}

/// The `--registry` option.
#[derive(Args, Debug)]
pub(super) struct RegistryOption {
    /// OCI registry: `localhost:5000`, `registry.example.com/components`; uses the credentials of
    /// Docker
    #[arg(long, value_name = "REGISTRY", env = "AIRSSYS_WASM_REGISTRY")]
    registry: Option<RegistryAddress>,
}

impl RegistryOption {
    /// Creates the option from a registry in a file, if there is one.
    pub(super) fn new(registry: Option<RegistryAddress>) -> Self {
        Self { registry }
    }

    pub(super) fn into_registry(self) -> Option<Registry> {
        self.registry.map(Registry::new)
    }

    /// Resolves the component argument of a command to the parts of a request.
    pub(super) async fn resolve_source(
        self,
        common: &CommonOptions,
        source: ComponentSource<'_>,
        target: PullTarget,
    ) -> Result<ComponentParts, Problem> {
        match source {
            ComponentSource::File(path) => Ok(ComponentParts {
                bytes: Some(files::read_bytes(path)?),
                ..ComponentParts::default()
            }),
            ComponentSource::Published(package) => {
                Ok(self.resolve(common, package, target).await?.into_parts())
            }
        }
    }

    /// Resolves the published component that an update without a file refers to. Looks it up under
    /// the name of the active component, which may differ from that of the deployment.
    pub(super) async fn resolve_update(
        self,
        common: &CommonOptions,
        name: &str,
        version: Option<&str>,
        target: PullTarget,
    ) -> Result<ResolvedComponent, Problem> {
        let path = format!("/v1/deployments/{}", encode_segment(name));
        let serving: DeploymentView = common.client()?.get(&path).await?;
        let package = serving.package.unwrap_or_else(|| name.to_owned());
        let wanted =
            version.map_or_else(|| package.clone(), |version| format!("{package}@{version}"));
        self.resolve(common, &wanted, target).await
    }

    /// Resolves a published component, in the registry if one is set.
    ///
    /// Does not contact the registry for an exact version that the host process already has. If the
    /// registry fails, falls back to a matching version in the host process, with a warning.
    pub(super) async fn resolve(
        self,
        common: &CommonOptions,
        package: &str,
        target: PullTarget,
    ) -> Result<ResolvedComponent, Problem> {
        let Some(registry) = self.registry.map(Registry::new) else {
            return Ok(ResolvedComponent::Published(package.to_owned()));
        };
        let wanted: PackageRef = package.parse().map_err(Error::from)?;
        let published = find_published(common, &wanted).await?;
        let resolved = |version: &semver::Version| {
            ResolvedComponent::Published(format!("{}@{version}", wanted.name))
        };
        if let (Some(version), airssys_wasm_host::VersionSelector::Exact(_)) =
            (&published, &wanted.version)
        {
            return Ok(resolved(version));
        }
        match (registry.pull(&wanted).await, published) {
            (Ok(component), _) if target == PullTarget::Memory => {
                Ok(ResolvedComponent::Pulled(component))
            }
            (Ok(component), _) => {
                let kept = store_pulled(common, &component).await?;
                Ok(ResolvedComponent::Published(format!(
                    "{}@{}",
                    kept.name, kept.version
                )))
            }
            (Err(problem), Some(version)) if problem.kind == kinds::REGISTRY => {
                common.output.print_warning(&format!(
                    "{problem}; using {version}, which the host process has"
                ));
                Ok(resolved(&version))
            }
            (Err(problem), _) => Err(problem),
        }
    }
}

/// The parts of a request that identify a component.
#[derive(Default)]
pub(super) struct ComponentParts {
    /// Name and version of a component that the host process has.
    pub(super) package: Option<String>,
    /// The bytes, if the host process does not have the component. `name` and `version` then apply
    /// to components without their own.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}

impl ResolvedComponent {
    pub(super) fn into_parts(self) -> ComponentParts {
        match self {
            Self::Published(package) => ComponentParts {
                package: Some(package),
                ..ComponentParts::default()
            },
            Self::Pulled(component) => ComponentParts {
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
pub(super) async fn store_pulled(
    common: &CommonOptions,
    component: &Component,
) -> Result<PublishedVersion, Problem> {
    let spec = PublishSpec {
        name: component.name().map(ToString::to_string),
        version: component.version().map(ToString::to_string),
    };
    common
        .client()?
        .upload("/v1/packages", &spec, Some(component.bytes().to_vec()))
        .await
        .map_err(
            |problem: Problem| match problem.kind == kinds::VERSION_TAKEN {
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
pub(super) async fn find_published(
    common: &CommonOptions,
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
    Ok(wanted.version.select(&versions).cloned())
}
