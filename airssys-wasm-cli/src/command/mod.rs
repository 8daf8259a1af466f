//! The subcommands, one file each: arguments, requests and output.
//!
//! Tests: in this file, `airssys-wasm-cli/tests/cli/operate.rs`,
//! `airssys-wasm-cli/tests/cli/bad_input.rs`.

mod apply;
mod approve;
mod bench_call;
mod build;
mod call;
mod caps;
mod completions;
mod deploy;
mod dev;
mod difference;
mod doctor;
mod dry_run;
mod events;
mod history;
mod inspect;
mod keygen;
mod list;
mod logs;
mod new;
mod options;
mod pipeline;
mod publish;
mod pull;
mod reference;
mod registry;
mod remove;
mod rollback;
mod route;
mod run;
mod search;
mod serve;
mod sign;
mod source;
mod status;
mod text;
mod update;
mod verify;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::api::{Problem, kinds};
use crate::client::Client;
use crate::output::{EXIT_CODES, OutputFormat, exit_code, print_usage};
use crate::paths;

/// Deploy WebAssembly components, replace them under load, and roll them back.
///
/// `serve` starts a host process, and most other commands send requests to it. A host process is
/// not needed to create, build, run, inspect, sign and verify components, or to check and run a
/// pipeline file.
#[derive(Debug, Parser)]
#[command(
    name = "airssys-wasm",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  airssys-wasm serve &\n  airssys-wasm deploy greeter.wasm\n  airssys-wasm call greeter 'greet(\"Ada\")'\n  airssys-wasm update greeter greeter-v2.wasm --strategy blue-green\n  airssys-wasm rollback greeter",
    after_long_help = EXIT_CODES
)]
pub(crate) struct Cli {
    #[command(flatten)]
    common: CommonOptions,
    #[command(subcommand)]
    command: Command,
}

/// The options of every command.
#[derive(Debug, Args)]
pub(crate) struct CommonOptions {
    /// State directory of the host process; defaults to `$STATE_DIRECTORY`, or
    /// `~/.local/state/airssys-wasm`
    #[arg(
        long,
        global = true,
        value_name = "DIRECTORY",
        env = "AIRSSYS_WASM_STATE"
    )]
    state: Option<PathBuf>,
    /// Socket of the host process; defaults to `admin.sock` in its state directory
    #[arg(long, global = true, value_name = "PATH", env = "AIRSSYS_WASM_SOCKET")]
    socket: Option<PathBuf>,
    /// TCP address of the host process, used instead of the socket: 127.0.0.1:7070
    #[arg(
        long,
        global = true,
        value_name = "ADDRESS",
        env = "AIRSSYS_WASM_TCP",
        requires = "token"
    )]
    tcp_address: Option<SocketAddr>,
    /// File with the token of the host process
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "AIRSSYS_WASM_TOKEN_FILE"
    )]
    token: Option<PathBuf>,
    /// Output format
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "AIRSSYS_WASM_OUTPUT",
        default_value = "text"
    )]
    output: OutputFormat,
}

impl CommonOptions {
    fn state(&self) -> PathBuf {
        self.state
            .clone()
            .unwrap_or_else(paths::default_state_directory)
    }

    fn socket(&self) -> PathBuf {
        self.socket
            .clone()
            .unwrap_or_else(|| paths::default_socket(&self.state()))
    }

    fn client(&self) -> Result<Client, Problem> {
        match (self.tcp_address, &self.token) {
            (Some(address), Some(token)) => Client::with_tcp(address, token),
            _ => Ok(Client::new(self.socket())),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeCommand),
    Deploy(deploy::DeployCommand),
    Update(update::UpdateCommand),
    Rollback(rollback::RollbackCommand),
    Approve(approve::ApproveCommand),
    Remove(remove::RemoveCommand),
    Route(route::RouteCommand),
    Apply(apply::ApplyCommand),
    Diff(apply::DiffCommand),
    List(list::ListCommand),
    Status(status::StatusCommand),
    History(history::HistoryCommand),
    Call(call::CallCommand),
    Caps(caps::CapsCommand),
    Logs(logs::LogsCommand),
    Events(events::EventsCommand),
    Pipeline(pipeline::PipelineCommand),
    Publish(publish::PublishCommand),
    Search(search::SearchCommand),
    Pull(pull::PullCommand),
    Run(run::RunCommand),
    Inspect(inspect::InspectCommand),
    New(new::NewCommand),
    Build(build::BuildCommand),
    Dev(dev::DevCommand),
    Keygen(keygen::KeygenCommand),
    Sign(sign::SignCommand),
    Verify(verify::VerifyCommand),
    Doctor(doctor::DoctorCommand),
    BenchCall(bench_call::BenchCallCommand),
    Completions(completions::CompletionsCommand),
    Reference(reference::ReferenceCommand),
}

pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            print_usage(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
        }
    };
    match cli.command.run(&cli.common) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            cli.common.output.print_problem(&problem);
            ExitCode::from(exit_code(&problem.kind))
        }
    }
}

impl Command {
    /// Runs the command. Returns the exit code, which is 0 unless an executed program has a
    /// different one.
    fn run(self, common: &CommonOptions) -> Result<u8, Problem> {
        // A host process creates its own runtimes.
        let command = match self {
            Self::Serve(command) => return command.run(common).map(|()| 0),
            command => command,
        };
        let runtime = Runtime::new().map_err(|error| {
            Problem::new(kinds::IO, "cannot start the threads of the runtime").with_cause(error)
        })?;
        let outcome = runtime.block_on(command.run_async(common));
        // Does not wait for threads that are stuck in a blocking operation of a guest.
        runtime.shutdown_background();
        outcome
    }

    async fn run_async(self, common: &CommonOptions) -> Result<u8, Problem> {
        let done = match self {
            Self::Serve(_) => Err(Problem::new(
                kinds::INTERNAL,
                "`serve` cannot run in another runtime",
            )),
            Self::Deploy(command) => command.run(common).await,
            Self::Update(command) => command.run(common).await,
            Self::Rollback(command) => command.run(common).await,
            Self::Approve(command) => command.run(common).await,
            Self::Remove(command) => command.run(common).await,
            Self::Route(command) => command.run(common).await,
            Self::Apply(command) => command.run(common).await,
            Self::Diff(command) => command.run(common).await,
            Self::List(command) => command.run(common).await,
            Self::Status(command) => command.run(common).await,
            Self::History(command) => command.run(common).await,
            Self::Call(command) => return command.run(common).await,
            Self::Caps(command) => command.run(common).await,
            Self::Logs(command) => command.run(common).await,
            Self::Events(command) => command.run(common).await,
            Self::Pipeline(command) => command.run(common).await,
            Self::Publish(command) => command.run(common).await,
            Self::Search(command) => command.run(common).await,
            Self::Pull(command) => command.run(common).await,
            Self::Run(command) => return command.run(common).await,
            Self::Inspect(command) => command.run(common),
            Self::New(command) => command.run(common),
            Self::Build(command) => command.run(common),
            Self::Dev(command) => command.run(common).await,
            Self::Keygen(command) => command.run(common),
            Self::Sign(command) => command.run(common),
            Self::Verify(command) => command.run(common),
            Self::Doctor(command) => command.run(common).await,
            Self::BenchCall(command) => command.run(common).await,
            Self::Completions(command) => command.run(),
            Self::Reference(command) => command.run(),
        };
        done.map(|()| 0)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_parser_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_argument_has_help() {
        fn check(command: &clap::Command) {
            assert!(
                command.get_about().is_some(),
                "`{}` has no description",
                command.get_name()
            );
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{}: {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(check);
        }
        let mut cli = Cli::command();
        cli.build();
        cli.get_subcommands()
            .filter(|command| command.get_name() != "help")
            .for_each(check);
    }
}
