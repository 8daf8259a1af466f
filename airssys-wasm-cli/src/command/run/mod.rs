//! `airssys-wasm run`
//!
//! | file | responsibility |
//! |---|---|
//! | `program` | runs a command to its end, with the arguments, stdin and output of this process |
//! | `stdin` | the stdin of this process, read only if the program reads it |
//! | `terminal` | the output of a program, escaped on a terminal |
//!
//! Tests: `airssys-wasm-cli/tests/cli/run.rs`.

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

/// Run a component file as a command, or call one of its functions
///
/// Needs no host process. Without CALL, runs the component's `wasi:cli/run` with the arguments
/// after `--` and the stdin, stdout and stderr of this command. If the component has no
/// `wasi:cli/run`, lists its functions. The program's output is passed on unchanged to a pipe or a
/// file; on a terminal, control characters are escaped. Without `--limit`, a program may run for a
/// day. The exit code is that of the program: 0 for success, 1 for a returned error, or the code
/// that it exits with; 6 with a message if it traps or times out.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// Component file
    file: PathBuf,
    /// Call to make: 'demo:greeter/api#greet("Ada")', or 'greet("Ada")' if the name is unique
    #[arg(value_name = "CALL")]
    call: Option<String>,
    /// Arguments of the program, after `--`; the file name is passed before them
    #[arg(value_name = "ARGUMENT", last = true, conflicts_with = "call")]
    arguments: Vec<String>,
    /// Use JSON instead of WAVE for the arguments and the result
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    grants: GrantArguments,
    #[command(flatten)]
    under: RunsUnder,
}

impl Run {
    /// Runs the command. Returns the exit code.
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
                    "{} is not a command: it exports no `wasi:cli/run`; to call a function, pass its \
                     arguments in parentheses",
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

/// Returns limits with the maximum deadline: a program may wait for its stdin indefinitely, and the
/// user can interrupt it.
fn without_deadline() -> Limits {
    Limits {
        call_deadline: Limits::CALL_DEADLINE_MAX,
        ..Limits::default()
    }
}

/// The names in error messages: the host names the deployment, which the user knows only as a file.
struct FileWords {
    /// The name of the temporary deployment.
    name: String,
    /// The file, in the notation of messages.
    file: String,
    /// The names of the deployment in messages of the host, the longest first.
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
        // The guest's stderr was already printed when the guest wrote it.
        let stderr = problem
            .guest
            .as_ref()
            .and_then(|guest| guest.stderr.as_deref());
        let is_shown = |cause: &str| stderr.is_some_and(|stderr| cause.ends_with(stderr));
        let hint = match problem.kind.as_str() {
            "function-not-found" => {
                Some("list the functions of a component with `airssys-wasm run FILE`")
            }
            "unnamed" | "missing-import" => {
                Some("show the requirements of a component with `airssys-wasm inspect FILE`")
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

/// Prints guest output to standard error, since standard output is for the result.
pub(super) struct Printed;

impl airssys_wasm_host::GuestLog for Printed {
    fn line(&self, line: airssys_wasm_host::GuestLine<'_>) {
        crate::output::mention(line.text);
    }
}
