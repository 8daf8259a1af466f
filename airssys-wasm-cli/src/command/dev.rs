//! `airssys-wasm dev`
//!
//! Tests: `airssys-wasm-cli/tests/cli/authors.rs`.

use std::path::PathBuf;

use airssys_wasm_core::world::World;
use airssys_wasm_host::Component;
use clap::Args;

use super::CommonOptions;
use super::difference::RequestDifference;
use super::options::TermsOptions;
use crate::api::{
    About, ApplyResult, DeployOptions, DeploySpec, DesiredDeployment, Problem, kinds,
};
use crate::client::{Client, encode_segment};
use crate::guest::{BuildProfile, BuiltComponent, SourceWatcher, build};
use crate::output::{Page, TextOutput as _, print_page};

/// Build and deploy a component whenever its source changes
///
/// Drops no calls: each change is an ordinary update. If the build or the update fails, prints the
/// error and leaves the active revision serving. Runs until Ctrl-C; the deployment stays.
#[derive(Args, Debug)]
pub(super) struct DevCommand {
    /// Folder of the project
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// Name of the deployment; defaults to that of the component
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    terms: TermsOptions,
    /// Build and deploy once, then exit
    #[arg(long)]
    once: bool,
}

/// The spec of the deployment, and the component deployed last.
struct DevSession {
    client: Client,
    name: Option<String>,
    spec: DeploySpec,
    last_component: Option<Component>,
}

impl DevCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let terms = self.terms.into_change()?;
        let spec = DeploySpec::new(DeployOptions::default(), terms);
        let mut session = DevSession {
            client: common.client()?,
            name: self.name,
            spec,
            last_component: None,
        };
        // Fails early, before the first build, if no host process answers.
        session.client.get::<About>("/v1/about").await?;
        let mut changes = SourceWatcher::new(&self.folder)?;
        loop {
            let folder = self.folder.clone();
            let build = move || build(&folder, BuildProfile::Release);
            let built = tokio::task::spawn_blocking(build).await;
            let built = built.map_err(|error| {
                Problem::new(kinds::INTERNAL, "the build task panicked").with_cause(error)
            })?;
            let outcome = match built {
                Ok(built) => session.deploy(built).await,
                Err(problem) => Err(problem),
            };
            match outcome {
                Err(problem) if self.once || problem.kind == kinds::NO_HOST => return Err(problem),
                Err(problem) => common.output.print_problem(&problem),
                Ok(()) if self.once => return Ok(()),
                Ok(()) => {}
            }
            changes.changed().await;
        }
    }
}

impl DevSession {
    async fn deploy(&mut self, mut built: Vec<BuiltComponent>) -> Result<(), Problem> {
        let Some(built) = built.pop().filter(|_| built.is_empty()) else {
            return Err(Problem::new(
                kinds::USAGE,
                "the project has several components; pass the folder of one of them",
            ));
        };
        let name = self.name.clone().unwrap_or_else(|| built.name.clone());
        let path = format!("/v1/deployments/{}", encode_segment(&name));
        let desired = DesiredDeployment {
            deployment: self.spec.clone(),
            discard_state: true,
            ..DesiredDeployment::default()
        };
        let sent = [("component".to_owned(), built.component.bytes().to_vec())];
        let applied: ApplyResult = self.client.put(&path, &desired, sent).await?;
        print_page(describe(&applied, &built));
        if let Some(last) = self.last_component.replace(built.component.clone()) {
            for line in differences(&last, &built.component) {
                print_page(format!("    {line}"));
            }
        }
        Ok(())
    }
}

fn describe(applied: &ApplyResult, built: &BuiltComponent) -> String {
    let what = match applied.action.as_str() {
        "nothing" => "unchanged",
        "deploy" => "deployed",
        _ => "updated",
    };
    format!(
        "{}: {what} ({} bytes, {})",
        applied.name, built.bytes, built.digest
    )
}

/// Returns the differences between the worlds and the requests of two components, one per line.
fn differences(old: &Component, new: &Component) -> Vec<String> {
    let requests = RequestDifference::new(old.requested(), new.requested());
    let requests = if requests.is_empty() {
        Page::default()
    } else {
        requests.text()
    };
    let mut lines = Vec::new();
    for (word, side) in [
        ("export", exports as fn(&World) -> Vec<String>),
        ("import", imports),
    ] {
        let (old, new) = (side(old.world()), side(new.world()));
        lines.extend(
            new.iter()
                .filter(|it| !old.contains(it))
                .map(|it| format!("+ {word} {it}")),
        );
        lines.extend(
            old.iter()
                .filter(|it| !new.contains(it))
                .map(|it| format!("- {word} {it}")),
        );
    }
    lines.extend(requests.lines().map(str::to_owned));
    lines
}

fn exports(world: &World) -> Vec<String> {
    world
        .exports
        .all_functions()
        .map(ToString::to_string)
        .collect()
}

fn imports(world: &World) -> Vec<String> {
    world.imports.names().collect()
}
