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

use super::CommonOptions;
use super::options::TermsOptions;
use crate::api::{CallRequest, FunctionView, Problem, ValueFormat, kinds};
use crate::files;
use crate::output::exit_code_of_call;

/// Run a component file as a command, or call one of its functions
///
/// Needs no host process. Without CALL, runs the component's `wasi:cli/run` with the arguments
/// after `--` and the stdin, stdout and stderr of this command. If the component has no
/// `wasi:cli/run`, lists its functions. The program's output is passed on unchanged to a pipe or a
/// file; on a terminal, control characters are escaped. Without `--limit`, a program may run for a
/// day. The exit code is that of the program: 0 for success, 1 for a returned error, or the code
/// that it exits with; 6 with a message if it traps or times out.
#[derive(Args, Debug)]
pub(super) struct RunCommand {
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
    terms: TermsOptions,
}

impl RunCommand {
    /// Runs the command. Returns the exit code.
    pub(super) async fn run(self, common: &CommonOptions) -> Result<u8, Problem> {
        let component = Component::from_bytes(files::read_bytes(&self.file)?)?;
        let words = MessageNames::new(&self.file, &component);
        let host = Host::builder()
            .pooled_instances_max(8)
            .guest_log(StderrGuestLog)
            .build()?;
        let outcome = self.run_component(&host, component, &words, common).await;
        host.logs().flush().await;
        let problem = match outcome {
            Ok(code) => return Ok(code),
            Err(problem) => words.rewrite_problem(problem),
        };
        match problem.guest.as_ref().and_then(|guest| guest.code) {
            Some(code) => {
                common.output.print_problem(&problem);
                Ok(code)
            }
            None => Err(problem),
        }
    }

    async fn run_component(
        self,
        host: &Host,
        component: Component,
        words: &MessageNames,
        common: &CommonOptions,
    ) -> Result<u8, Problem> {
        let command = program::find_run_function(&component);
        let mut terms = self.terms.into_change()?;
        let deploy = host.deploy(component).name(words.name.clone());
        match (self.call, command) {
            (Some(call), _) => {
                let deployment = deploy.terms(terms).await?;
                let format = if self.json {
                    ValueFormat::Json
                } else {
                    ValueFormat::Wave
                };
                let call = CallRequest::parse(&call, format)?;
                let called = call
                    .run(&deployment.dynamic_function(&call.function)?)
                    .await?;
                common.output.print(&called);
                Ok(exit_code_of_call(called.call_end()))
            }
            (None, Some(function)) => {
                // A command may run as long as a call may.
                let deadline = &mut terms.limits.call_deadline;
                deadline.get_or_insert(Limits::CALL_DEADLINE_MAX);
                let console = program::console(&self.file, self.arguments);
                let deployment = deploy.terms(terms).console(console).await?;
                program::run(&deployment.dynamic_function(&function)?).await
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
                print_functions(&deploy.terms(terms).await?, common);
                Ok(0)
            }
        }
    }
}

fn print_functions(deployment: &Deployment, common: &CommonOptions) {
    let functions: Vec<FunctionView> = deployment.functions().into_iter().map(Into::into).collect();
    common.output.print(&functions);
}

/// Returns limits with the maximum deadline: a program may wait for its stdin indefinitely, and the
/// user can interrupt it.
/// The names in error messages: the host names the deployment, which the user knows only as a file.
struct MessageNames {
    /// The name of the temporary deployment.
    name: String,
    /// The file, in the notation of messages.
    file: String,
    /// The names of the deployment in messages of the host, the longest first.
    deployment_names: [String; 3],
}

impl MessageNames {
    fn new(file: &std::path::Path, component: &Component) -> Self {
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
            deployment_names: deployed,
        }
    }

    fn rewrite_problem(&self, problem: Problem) -> Problem {
        let text = |text: &str| {
            self.deployment_names
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
pub(super) struct StderrGuestLog;

impl airssys_wasm_host::GuestLog for StderrGuestLog {
    fn line(&self, line: airssys_wasm_host::GuestLine<'_>) {
        crate::output::print_error_line(line.text);
    }
}
