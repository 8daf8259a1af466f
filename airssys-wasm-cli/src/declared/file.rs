//! The deployments file: deployments and pipelines by name.
//!
//! `deployments.example.toml` in this crate's folder documents every key.
//!
//! Tests: in this file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use airssys_wasm_host::ComponentName;
use airssys_wasm_host::http::Route;
use serde::Deserialize;

use crate::api::{
    DeployOptions, DeploySpec, DesiredDeployment, GrantRules, Problem, WithTerms, kinds,
};
use crate::files;
use crate::registry::RegistryAddress;

/// The contents of a deployments file. Unknown keys are rejected.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeploymentsFile {
    #[serde(deserialize_with = "registry")]
    pub(crate) registry: Option<RegistryAddress>,
    pub(crate) deployments: BTreeMap<String, DeclaredDeployment>,
    pub(crate) pipelines: BTreeMap<String, DeclaredPipeline>,
    /// The folder that contains the file.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

/// The desired state of a deployment: its options and its terms.
pub(crate) type DeclaredDeployment = WithTerms<DeclaredOptions>;

/// The options of a deployment in a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeclaredOptions {
    pub(crate) component: String,
    version: Option<String>,
    strategy: Option<String>,
    /// The HTTP routes that point to the deployment.
    #[serde(default)]
    routes: Vec<String>,
    #[serde(default)]
    discard_state: bool,
}

/// The desired state of a pipeline.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeclaredPipeline {
    /// The pipeline file, relative to the folder of the deployments file.
    pub(crate) file: PathBuf,
    /// The grants of each stage.
    #[serde(default)]
    pub(crate) grants: BTreeMap<String, GrantRules>,
}

impl DeploymentsFile {
    /// Reads a deployments file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or parsed, or if a route is invalid or points to more than
    /// one deployment. Parse errors have a line and a column.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let mut declared: Self = files::read_toml(path)?;
        declared.check_routes().map_err(|problem| {
            Problem::new(kinds::USAGE, format!("`{}`: {problem}", path.display()))
        })?;
        declared.folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(declared)
    }

    /// Checks that each route is valid and points to only one deployment.
    fn check_routes(&self) -> Result<(), String> {
        let mut led: BTreeMap<Route, &str> = BTreeMap::new();
        for (name, deployment) in &self.deployments {
            for said in &deployment.options.routes {
                let route: Route = said.parse().map_err(|error| format!("`{name}`: {error}"))?;
                if let Some(other) = led.insert(route, name).filter(|other| other != name) {
                    return Err(format!(
                        "the route `{said}` is listed for both `{other}` and `{name}`; remove it from one of them"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Returns the names of the deployments, each after those that it is linked to. Deployments in
    /// a cycle of links, and those linked to one, come last, sorted by name.
    pub(crate) fn names_in_link_order(&self) -> Vec<&str> {
        let mut waits_for: BTreeMap<&str, BTreeSet<&str>> = self
            .deployments
            .iter()
            .map(|(name, deployment)| (name.as_str(), self.linked_deployments(name, deployment)))
            .collect();
        let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, targets) in &waits_for {
            targets
                .iter()
                .for_each(|target| waiting.entry(target).or_default().push(name));
        }
        let mut ready: BTreeSet<&str> = waits_for
            .iter()
            .filter(|(_, targets)| targets.is_empty())
            .map(|(name, _)| *name)
            .collect();
        let mut order: Vec<&str> = Vec::new();
        while !ready.is_empty() {
            let mut next = BTreeSet::new();
            for name in ready {
                waits_for.remove(name);
                for waiting in waiting.remove(name).unwrap_or_default() {
                    let Some(targets) = waits_for.get_mut(waiting) else {
                        continue;
                    };
                    targets.remove(name);
                    if targets.is_empty() {
                        next.insert(waiting);
                    }
                }
                order.push(name);
            }
            ready = next;
        }
        // Only cycles and deployments linked to them are left.
        order.extend(waits_for.into_keys());
        order
    }

    /// Returns the other deployments of this file that a deployment is linked to.
    fn linked_deployments<'a>(
        &'a self,
        name: &str,
        deployment: &'a DeclaredDeployment,
    ) -> BTreeSet<&'a str> {
        let terms = deployment.terms.iter();
        let targets = terms.flat_map(|terms| terms.links.values().map(ComponentName::as_str));
        targets
            .filter(|target| *target != name && self.deployments.contains_key(*target))
            .collect()
    }
}

impl DeclaredDeployment {
    /// Returns the request for the host process, without `grant_again`. `package` names a component
    /// that the host process has; without it, the bytes are sent along. `version` applies if the
    /// file sets none.
    ///
    /// # Errors
    ///
    /// Fails if a text among the terms is not valid.
    pub(crate) fn to_desired(
        &self,
        package: Option<String>,
        version: Option<String>,
    ) -> Result<DesiredDeployment, Problem> {
        let declared = self.options.clone();
        let options = DeployOptions {
            name: None,
            version: declared.version.or(version),
            package,
        };
        Ok(DesiredDeployment {
            deployment: DeploySpec::new(options, self.terms.clone()?),
            strategy: declared.strategy,
            routes: declared.routes,
            discard_state: declared.discard_state,
            grant_again: false,
        })
    }
}

fn registry<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<RegistryAddress>, D::Error> {
    String::deserialize(from)?
        .parse()
        .map(Some)
        .map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use airssys_wasm_core::terms::TermsChange;

    use super::*;

    const EXAMPLE: &str = include_str!("../../deployments.example.toml");

    #[test]
    fn the_example_has_every_key_and_parses() {
        let all: String = EXAMPLE
            .lines()
            .map(|line| format!("{}\n", line.strip_prefix("#: ").unwrap_or(line)))
            .collect();
        let read: DeploymentsFile = toml::from_str(&all).expect("the example parses");
        assert!(read.registry.is_some() && read.pipelines.values().any(|it| !it.grants.is_empty()));
        let WithTerms { options, terms } = &read.deployments["greeter"];
        let DeclaredOptions {
            component,
            version,
            strategy,
            routes,
            discard_state,
        } = options;
        assert!(component.contains('@') && version.is_some() && strategy.is_some());
        assert!(*discard_state && !routes.is_empty());
        let terms = serde_json::to_value(terms.as_ref().expect("valid terms")).expect("JSON");
        for key in TermsChange::KEYS {
            assert!(terms.get(key).is_some(), "the example has no `{key}`");
        }
    }

    #[test]
    fn a_deployment_comes_after_its_link_targets() {
        let text = r#"
            a = { component = "a", links = { "x:y/z" = "b" } }
            b = { component = "b", links = { "x:y/z" = "c" } }
            c = { component = "c", links = { "x:y/z" = "elsewhere" } }
            d = { component = "d", links = { "x:y/z" = "e" } }
            e = { component = "e", links = { "x:y/z" = "d" } }
        "#;
        let deployments = toml::from_str(text).expect("deployments");
        let declared = DeploymentsFile {
            deployments,
            ..DeploymentsFile::default()
        };
        assert_eq!(declared.names_in_link_order(), ["c", "b", "a", "d", "e"]);
    }

    #[test]
    fn an_error_names_the_file_and_the_key() {
        for (text, expected) in [
            ("[deployments.a]\ncomponnet = \"x\"", "line 2"),
            ("[deployments.a]", "missing field `component`"),
            ("registry = \"a b\"", "localhost:5000"),
            (
                "[deployments.a]\ncomponent = \"x\"\ngrants = { alow = [] }",
                "unknown field `alow`",
            ),
            (
                "[deployments.a]\ncomponent = \"x\"\nroutes = [\"shop\"]",
                "`a`: `shop` is not a valid route",
            ),
            (
                "deployments = { a = { component = \"x\", routes = [\"/shop/\"] }, b = { component = \"x\", routes = [\"/shop\"] } }",
                "both `a` and `b`",
            ),
        ] {
            let place = tempfile::tempdir().expect("a directory");
            let path = place.path().join("deployments.toml");
            std::fs::write(&path, text).expect("written");
            let problem = DeploymentsFile::read(&path).expect_err(text).to_string();
            assert!(
                problem.contains(expected) && problem.contains("deployments.toml"),
                "{problem}"
            );
        }
    }
}
