//! `airssys-wasm dev`

use std::path::PathBuf;

use airssys_wasm_core::world::World;
use airssys_wasm_host::Component;
use clap::Args;

use super::Common;
use super::difference::Difference;
use super::given::{GrantArguments, RunsUnder};
use crate::api::{About, Applied, DeploySpec, Desired, Given, Problem, kinds};
use crate::client::{Client, segment};
use crate::guest::{Built, Changes, build};
use crate::output::{Page, Shown as _, say};

/// Build a component whenever its source changes, and update it in the host process
///
/// Calls go on meanwhile: it is an update like any other. What does not build, or does not fit,
/// is said, and what served serves on. Ends with Ctrl-C; what is deployed stays.
#[derive(Args, Debug)]
pub(super) struct Dev {
    /// The folder of the project
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// The name to deploy under; the component's own unless said
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    grants: GrantArguments,
    #[command(flatten)]
    under: RunsUnder,
    /// End after the first time
    #[arg(long)]
    once: bool,
}

/// What was deployed last, and what is said of it.
struct Session {
    client: Client,
    name: Option<String>,
    spec: DeploySpec,
    last: Option<Component>,
}

impl Dev {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let grants: Given = self.grants.given()?;
        let spec = DeploySpec {
            grants,
            limits: self.under.limits()?,
            links: self.under.links()?,
            instancing: self.under.instancing,
            ..DeploySpec::default()
        };
        let mut session = Session {
            client: common.client()?,
            name: self.name,
            spec,
            last: None,
        };
        // Before it takes the time to build.
        session.client.get::<About>("/v1/about").await?;
        let mut changes = Changes::of(&self.folder)?;
        loop {
            let folder = self.folder.clone();
            let built = tokio::task::spawn_blocking(move || build(&folder, true)).await;
            let built = built
                .map_err(|error| Problem::new(kinds::INTERNAL, "building failed").because(error))?;
            let outcome = match built {
                Ok(built) => session.deploy(built).await,
                Err(problem) => Err(problem),
            };
            match outcome {
                Err(problem) if self.once || problem.kind == kinds::NO_HOST => return Err(problem),
                Err(problem) => common.output.complain(&problem),
                Ok(()) if self.once => return Ok(()),
                Ok(()) => {}
            }
            changes.next().await;
        }
    }
}

impl Session {
    async fn deploy(&mut self, mut built: Vec<Built>) -> Result<(), Problem> {
        let Some(built) = built.pop().filter(|_| built.is_empty()) else {
            return Err(Problem::new(
                kinds::USAGE,
                "the project has several components; say the folder of one",
            ));
        };
        let name = self.name.clone().unwrap_or_else(|| built.name.clone());
        let path = format!("/v1/deployments/{}", segment(&name));
        let desired = Desired {
            deployment: self.spec.clone(),
            discard_state: true,
            ..Desired::default()
        };
        let sent = [("component".to_owned(), built.component.bytes().to_vec())];
        let applied: Applied = self.client.put(&path, &desired, sent).await?;
        say(told(&applied, &built));
        if let Some(last) = self.last.replace(built.component.clone()) {
            for line in differences(&last, &built.component) {
                say(format!("    {line}"));
            }
        }
        Ok(())
    }
}

fn told(applied: &Applied, built: &Built) -> String {
    let what = match applied.action.as_str() {
        "nothing" => "the same as before",
        "deploy" => "deployed",
        _ => "updated",
    };
    format!(
        "{}: {what} ({} bytes, {})",
        applied.name, built.bytes, built.digest
    )
}

/// What the new one has in its world and in its requests that the old one had not, and the
/// other way round.
fn differences(old: &Component, new: &Component) -> Vec<String> {
    let requests = Difference::of(old.requested(), new.requested());
    let requests = if requests.is_none() {
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
