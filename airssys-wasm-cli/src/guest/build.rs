//! Builds components from a Cargo project, and stamps them with the manifest's metadata.
//!
//! Tests: `airssys-wasm-cli/tests/cli/authors.rs`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airssys_wasm_host::Component;
use serde::{Deserialize, Serialize};

use crate::api::{Problem, kinds};

const TARGET: &str = "wasm32-wasip2";

/// A profile of Cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuildProfile {
    Debug,
    Release,
}

/// A built component.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct BuiltComponent {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) digest: String,
    pub(crate) bytes: usize,
    pub(crate) file: PathBuf,
    #[serde(skip)]
    pub(crate) component: Component,
}

/// The output of `cargo metadata`.
#[derive(Deserialize)]
struct CargoMetadata {
    packages: Vec<CargoPackage>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct CargoPackage {
    id: String,
    name: String,
    version: semver::Version,
    description: Option<String>,
}

/// A `compiler-artifact` message of `cargo build`.
#[derive(Deserialize)]
struct CargoArtifact {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds the components of the project in a folder. The compiler's diagnostics go to standard
/// error.
///
/// # Errors
///
/// Fails if the manifest, a build tool or the target is missing, or if the build fails.
pub(crate) fn build(folder: &Path, profile: BuildProfile) -> Result<Vec<BuiltComponent>, Problem> {
    if !folder.join("Cargo.toml").is_file() {
        let message = format!(
            "`{}` has no `Cargo.toml`; build components in other languages with their own tools, and check the result with `airssys-wasm inspect`",
            folder.display()
        );
        return Err(Problem::new(kinds::USAGE, message));
    }
    check_target(folder)?;
    let metadata: CargoMetadata = parse_output(&run_cargo(
        folder,
        &["metadata", "--no-deps", "--format-version", "1"],
    )?)?;
    let profile: &[&str] = match profile {
        BuildProfile::Debug => &[],
        BuildProfile::Release => &["--release"],
    };
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
    let told = run_cargo(folder, &arguments.concat())?;
    let artifacts = told
        .lines()
        .filter_map(|line| serde_json::from_str::<CargoArtifact>(line).ok());
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
            all.push(stamp(package, wasm, &metadata.target_directory)?);
        }
    }
    if all.is_empty() {
        let message =
            "no component was built: the manifest needs `[lib]` with `crate-type = [\"cdylib\"]`";
        return Err(Problem::new(kinds::BUILD, message));
    }
    Ok(all)
}

/// Checks that the components' target is installed for the toolchain that a folder uses.
pub(crate) fn check_target(folder: &Path) -> Result<(), Problem> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .output();
    let output = output.map_err(|error| {
        Problem::new(
            kinds::BUILD,
            "`rustc` was not found; install it from https://rustup.rs",
        )
        .with_cause(error)
    })?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && libraries.is_dir() {
        return Ok(());
    }
    let message =
        format!("the target `{TARGET}` is not installed; run `rustup target add {TARGET}`");
    Err(Problem::new(kinds::BUILD, message))
}

/// Stamps a component with the manifest's name, version and description where it declares none
/// itself, and writes it to `components` in the target directory.
fn stamp(package: &CargoPackage, wasm: &Path, target: &Path) -> Result<BuiltComponent, Problem> {
    let component = airssys_wasm_core::Component::from(Component::from_file(wasm)?);
    let name = package.name.replace('_', "-").parse().ok();
    let stamped = component.with_missing_metadata(
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
    written.map_err(|error| Problem::from_file_error("write", &file, error))?;
    Ok(BuiltComponent {
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

/// Runs cargo and returns its standard output.
fn run_cargo(folder: &Path, arguments: &[&str]) -> Result<String, Problem> {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Problem::new(kinds::BUILD, "`cargo` cannot be run").with_cause(error))?;
    if !output.status.success() {
        return Err(Problem::new(
            kinds::BUILD,
            "the build failed; see the errors above",
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn parse_output<T: for<'a> Deserialize<'a>>(json: &str) -> Result<T, Problem> {
    serde_json::from_str(json).map_err(|error| {
        Problem::new(kinds::BUILD, "cannot parse the output of cargo").with_cause(error)
    })
}
