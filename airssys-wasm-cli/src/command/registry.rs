//! What several commands say of a registry.

use airssys_wasm_core::PackageRef;
use airssys_wasm_host::Error;
use clap::Args;

use super::Common;
use crate::api::{DeploymentView, PackageView, Problem, PublishSpec, Published, kinds};
use crate::client::segment;
use crate::registry::{Registry, RegistryPlace};

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

    /// The same for what follows the component that serves a name, which may be deployed under
    /// another than its own.
    pub(super) async fn resolve_next(
        self,
        common: &Common,
        name: &str,
        version: Option<&str>,
    ) -> Result<String, Problem> {
        let path = format!("/v1/deployments/{}", segment(name));
        let serving: DeploymentView = common.client()?.get(&path).await?;
        let package = serving.package.unwrap_or_else(|| name.to_owned());
        let wanted = version.map_or_else(|| package.clone(), |version| format!("{package}@{version}"));
        self.resolve(common, &wanted).await
    }

    /// Has the host process keep what is meant, from the registry if one was said, and says
    /// which version that is. One that is there already is not asked for again, and what is
    /// there serves if the registry cannot be reached.
    pub(super) async fn resolve(self, common: &Common, package: &str) -> Result<String, Problem> {
        let Some(registry) = self.get() else { return Ok(package.to_owned()) };
        let wanted: PackageRef = package.parse().map_err(Error::from)?;
        let there = kept(common, &wanted).await?;
        if let (Some(version), airssys_wasm_host::Wanted::Exactly(_)) = (&there, &wanted.version) {
            return Ok(format!("{}@{version}", wanted.name));
        }
        match registry.pull(&wanted).await {
            Ok(component) => {
                keep(common, &component).await.map(|kept| format!("{}@{}", kept.name, kept.version))
            }
            Err(problem) if problem.kind == kinds::REGISTRY => match there {
                Some(version) => {
                    common.output.warn(&format!("{problem}; going on with {version}, which is here"));
                    Ok(format!("{}@{version}", wanted.name))
                }
                None => Err(problem),
            },
            Err(problem) => Err(problem),
        }
    }
}

/// Has the host process keep a component that was pulled. If it has the version with other
/// bytes, the tag was moved, and that is refused.
pub(super) async fn keep(
    common: &Common,
    component: &airssys_wasm_host::Component,
) -> Result<Published, Problem> {
    let spec = PublishSpec {
        name: component.name().map(ToString::to_string),
        version: component.version().map(ToString::to_string),
    };
    common.client()?.upload("/v1/packages", &spec, Some(component.bytes().to_vec())).await.map_err(
        |problem: Problem| match problem.kind.as_str() {
            kinds::VERSION_TAKEN => {
                let message = format!("the registry has other bytes now than it had: {}", problem.message);
                Problem { message, ..problem }
            }
            _ => problem,
        },
    )
}

/// The version that is meant, of those that the host process keeps.
pub(super) async fn kept(common: &Common, wanted: &PackageRef) -> Result<Option<semver::Version>, Problem> {
    let packages: Vec<PackageView> = common.client()?.get("/v1/packages").await?;
    let package = packages.into_iter().find(|package| package.name == wanted.name.as_str());
    let versions: Vec<semver::Version> = package
        .iter()
        .flat_map(|package| &package.versions)
        .filter_map(|version| version.parse().ok())
        .collect();
    Ok(wanted.version.pick(&versions).cloned())
}
