//! A component from a project of cargo's, with what its manifest says of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airssys_wasm_host::Component;
use serde::{Deserialize, Serialize};

use crate::api::{Problem, kinds};

const TARGET: &str = "wasm32-wasip2";

/// A component that was built.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Built {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) digest: String,
    pub(crate) bytes: usize,
    pub(crate) file: PathBuf,
    #[serde(skip)]
    pub(crate) component: Component,
}

/// What `cargo metadata` tells.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: semver::Version,
    description: Option<String>,
}

/// What `cargo build` tells of something that it built.
#[derive(Deserialize)]
struct Artifact {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds what is in a folder. What the compiler says goes to standard error.
///
/// # Errors
///
/// What is missing, or that it does not build.
pub(crate) fn build(folder: &Path, is_release: bool) -> Result<Vec<Built>, Problem> {
    if !folder.join("Cargo.toml").is_file() {
        let message = format!(
            "`{}` has no `Cargo.toml`; components of other languages are built with their own tools, and `airssys-wasm inspect` shows what came of it",
            folder.display()
        );
        return Err(Problem::new(kinds::USAGE, message));
    }
    check_target(folder)?;
    let metadata: Metadata = read(&cargo(
        folder,
        &["metadata", "--no-deps", "--format-version", "1"],
    )?)?;
    let profile: &[&str] = if is_release { &["--release"] } else { &[] };
    let arguments = [
        &[
            "build",
            "--target",
            TARGET,
            "--message-format",
            "json-render-diagnostics",
        ],
        profile,
    ];
    let told = cargo(folder, &arguments.concat())?;
    let artifacts = told
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    let artifacts = artifacts.filter(|artifact| artifact.reason == "compiler-artifact");
    let mut all = Vec::new();
    for artifact in artifacts {
        let package = metadata
            .packages
            .iter()
            .find(|package| package.id == artifact.package_id);
        let wasm = artifact
            .filenames
            .iter()
            .find(|path| path.extension().is_some_and(|it| it == "wasm"));
        if let (Some(package), Some(wasm)) = (package, wasm) {
            all.push(finish(package, wasm, &metadata.target_directory)?);
        }
    }
    if all.is_empty() {
        let message =
            "no component was built: the manifest needs `[lib]` with `crate-type = [\"cdylib\"]`";
        return Err(Problem::new(kinds::BUILD, message));
    }
    Ok(all)
}

/// Whether the target of components is installed, for the compiler that a folder has.
pub(crate) fn check_target(folder: &Path) -> Result<(), Problem> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .output();
    let output = output.map_err(|error| {
        Problem::new(
            kinds::BUILD,
            "`rustc` is not there; https://rustup.rs installs it",
        )
        .because(error)
    })?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && libraries.is_dir() {
        return Ok(());
    }
    let message =
        format!("the target `{TARGET}` is not installed; `rustup target add {TARGET}` does");
    Err(Problem::new(kinds::BUILD, message))
}

/// Notes down what the manifest says, where the component says nothing itself.
fn finish(package: &Package, wasm: &Path, target: &Path) -> Result<Built, Problem> {
    let component = airssys_wasm_core::Component::from(Component::from_file(wasm)?);
    let name = package.name.replace('_', "-").parse().ok();
    let stamped = component.stamped(
        name.as_ref(),
        Some(&package.version),
        package.description.as_deref(),
    );
    let component = Component::from(stamped.map_err(airssys_wasm_host::Error::from)?);
    let file = target
        .join("components")
        .join(format!("{}.wasm", package.name));
    let written = std::fs::create_dir_all(target.join("components"))
        .and_then(|()| std::fs::write(&file, component.bytes()));
    written.map_err(|error| Problem::of_file("write", &file, error))?;
    Ok(Built {
        name: component
            .name()
            .map_or_else(|| package.name.clone(), ToString::to_string),
        version: component.version().map(ToString::to_string),
        digest: component.digest().to_string(),
        bytes: component.bytes().len(),
        file,
        component,
    })
}

/// What cargo prints.
fn cargo(folder: &Path, arguments: &[&str]) -> Result<String, Problem> {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Problem::new(kinds::BUILD, "`cargo` cannot be run").because(error))?;
    if !output.status.success() {
        return Err(Problem::new(kinds::BUILD, "it does not build; see above"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn read<T: for<'a> Deserialize<'a>>(json: &str) -> Result<T, Problem> {
    serde_json::from_str(json).map_err(|error| {
        Problem::new(kinds::BUILD, "cargo tells what cannot be read").because(error)
    })
}
