//! The `airssys-wasm` command: a host process, and the commands that control it.
//!
//! | module | responsibility | independent of |
//! |---|---|---|
//! | `command` | one file per subcommand: arguments, requests, output | carrying out requests |
//! | `api` | the messages between client and server | the sender of a message |
//! | `server` | the host process: the API on top of the host library, logging | the command line |
//! | `client` | requests to a host process, over its socket or TCP | the content of requests |
//! | `files` | reading files as bytes, text or TOML | the content of files |
//! | `lines` | splitting a body into lines | the content of lines |
//! | `guest` | the tools of component authors: create, build, watch, sign | the host process |
//! | `registry` | an OCI registry: push, pull, versions | the host process |
//! | `declared` | the deployments file and its lock file | how deployments are applied |
//! | `output` | text or JSON, tables, errors with their exit codes | the values shown |
//! | `paths` | default paths of the state directory and the socket | |
//! | `settings` | the settings file of a host process | the command line |
//!
//! The host library makes all decisions about deployments.

mod api;
mod client;
mod command;
mod declared;
mod files;
mod guest;
mod lines;
mod output;
mod paths;
mod registry;
mod server;
mod settings;

use std::ffi::OsString;
use std::process::ExitCode;

use airssys_wasm_host::CompilerProcess;

/// Runs the command with the given arguments, of which the first is the program's name.
///
/// Starts the tokio runtimes that it needs, so it must be called outside of a runtime. Prints to
/// standard output and standard error. The exit codes are listed in the help text.
///
/// A host process starts this program again to compile a component; such a compiler process exits
/// inside this function.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    CompilerProcess::run_if_requested();
    command::run(arguments)
}
