//! `airssys-wasm run`
//!
//! | file | what it does |
//! |---|---|
//! | `program` | runs a command to its end, with this process's arguments, stdin and output |
//! | `stdin` | this process's stdin, read only if the program reads it |
//! | `terminal` | what a program writes, as it may reach a terminal |
//!
//! Tests: the crate's `tests/cli/run.rs`.

mod program;
mod stdin;
mod terminal;

use std::path::PathBuf;

use airssys_wasm_host::{Component, Deployment, Host, Limits};
use clap::Args;

use super::Common;
use super::given::{GrantArguments, RunsUnder};
use crate::api::{Call, DeploySpec, FunctionView, Problem, kinds};
use crate::files;
use crate::output::exit_code_of;

/// Run a component's file: a command with arguments, or one of its functions
///
/// Needs no host process. Without a call it runs the component's `wasi:cli/run`, with what follows
/// `--` as arguments, and with this command's stdin, stdout and stderr; a component that has none
/// is listed with its functions. What the program writes goes byte for byte into a pipe or a file;
/// on a terminal its control characters are escaped. Without `--limit` it has a day. The exit code
/// is the program's: 0 for success, 1 for an error that it returns, its own if it exits with one,
/// and 6 with a message if it traps or takes too long.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// The component's file
    file: PathBuf,
    /// The call: 'demo:greeter/api#greet("Ada")', or 'greet("Ada")' if only one is called so
    #[arg(value_name = "CALL")]
    call: Option<String>,
    /// Arguments of the command, after `--`; the first that it sees is the file's name
    #[arg(value_name = "ARGUMENT", last = true, conflicts_with = "call")]
    arguments: Vec<String>,
    /// Values are JSON, those given and the result
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    grants: GrantArguments,
    #[command(flatten)]
    under: RunsUnder,
}

impl Run {
    /// Runs it, and gives the exit code.
    pub(super) async fn run(self, common: &Common) -> Result<u8, Problem> {
        let component = Component::from_bytes(files::read(&self.file)?)?;
        let words = FileWords::of(&self.file, &component);
        let host = Host::builder()
            .pooled_instances_max(8)
            .guest_log(Printed)
            .build()?;
        let outcome = self.run_component(&host, component, &words, common).await;
        host.logs_written().await;
        let problem = match outcome {
            Ok(code) => return Ok(code),
            Err(problem) => words.speak_of_file(problem),
        };
        match problem.guest.as_ref().and_then(|guest| guest.code) {
            Some(code) => {
                common.output.complain(&problem);
                Ok(code)
            }
            None => Err(problem),
        }
    }

    async fn run_component(
        self,
        host: &Host,
        component: Component,
        words: &FileWords,
        common: &Common,
    ) -> Result<u8, Problem> {
        let command = program::find(&component);
        let spec = DeploySpec {
            name: Some(words.name.clone()),
            grants: self.grants.given()?,
            limits: self.under.limits()?,
            links: self.under.links()?,
            instancing: self.under.instancing,
            ..DeploySpec::default()
        };
        match (self.call, command) {
            (Some(call), _) => {
                let deployment = spec.prepare(host.deploy(component))?.await?;
                let call = Call::read(&call, self.json)?;
                let called = call
                    .make(&deployment.dynamic_function(&call.function)?)
                    .await?;
                common.output.show(&called);
                Ok(exit_code_of(called.end()))
            }
            (None, Some(function)) => {
                let limits = spec.limits.clone().unwrap_or_else(without_deadline);
                let console = program::console(&self.file, self.arguments);
                let deploy = spec
                    .prepare(host.deploy(component))?
                    .limits(limits)
                    .console(console);
                program::run(&deploy.await?.dynamic_function(&function)?).await
            }
            (None, None) if !self.arguments.is_empty() => {
                let message = format!(
                    "{} is no command: it exports no `wasi:cli/run`; write arguments of a function in \
                     its parentheses",
                    words.file
                );
                Err(Problem::new(kinds::USAGE, message))
            }
            (None, None) => {
                list(&spec.prepare(host.deploy(component))?.await?, common);
                Ok(0)
            }
        }
    }
}

fn list(deployment: &Deployment, common: &Common) {
    let functions: Vec<FunctionView> = deployment.functions().into_iter().map(Into::into).collect();
    common.output.show(&functions);
}

/// A program may wait for its stdin as long as it likes; whoever runs it can interrupt it.
fn without_deadline() -> Limits {
    Limits {
        call_deadline: Limits::CALL_DEADLINE_MAX,
        ..Limits::default()
    }
}

/// How messages name what is run: by its file, where the host names a deployment.
struct FileWords {
    /// The name under which it is deployed meanwhile.
    name: String,
    /// The file, as messages write it.
    file: String,
    /// The deployment, as messages of the host write it, the longest first.
    deployed: [String; 3],
}

impl FileWords {
    fn of(file: &std::path::Path, component: &Component) -> Self {
        let name = component
            .name()
            .map_or_else(|| "component".to_owned(), ToString::to_string);
        let revision = format!("`{name}` revision 1");
        let version = component
            .version()
            .map(|version| format!("{revision} ({version})"));
        let file = format!("`{}`", file.display());
        let deployed = [
            version.unwrap_or_else(|| revision.clone()),
            revision,
            format!("`{name}`"),
        ];
        Self {
            name,
            file,
            deployed,
        }
    }

    fn speak_of_file(&self, problem: Problem) -> Problem {
        let text = |text: &str| {
            self.deployed
                .iter()
                .fold(text.to_owned(), |text, it| text.replace(it, &self.file))
        };
        // It was shown when the guest wrote it.
        let stderr = problem
            .guest
            .as_ref()
            .and_then(|guest| guest.stderr.as_deref());
        let is_shown = |cause: &str| stderr.is_some_and(|stderr| cause.ends_with(stderr));
        let hint = match problem.kind.as_str() {
            "function-not-found" => {
                Some("`airssys-wasm run FILE` lists the functions of a component")
            }
            "unnamed" | "missing-import" => {
                Some("`airssys-wasm inspect FILE` shows what a component needs")
            }
            _ => None,
        };
        Problem {
            message: text(&problem.message),
            causes: problem
                .causes
                .iter()
                .filter(|cause| !is_shown(cause))
                .map(|cause| text(cause))
                .collect(),
            hint: hint.or(problem.hint),
            ..problem
        }
    }
}

/// What it prints goes to standard error: standard output is for the result.
pub(super) struct Printed;

impl airssys_wasm_host::GuestLog for Printed {
    fn line(&self, line: airssys_wasm_host::GuestLine<'_>) {
        crate::output::mention(line.text);
    }
}
