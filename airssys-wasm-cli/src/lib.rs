//! The `airssys-wasm` command: a host process, and what is asked of it.
//!
//! | room | what it does | what it does not know |
//! |---|---|---|
//! | `command` | a file a subcommand: what may be said, what is asked, what is shown | how anything is carried out |
//! | `api` | what client and server say to each other | who says it |
//! | `server` | the host process: the API over the host library, its log | what a command looks like |
//! | `client` | asks a host process over its socket, or over TCP with its token | what is asked |
//! | `files` | bytes, texts and TOML of files | what they say |
//! | `lines` | a body cut into lines | what they say |
//! | `guest` | what an author does: begin, build, watch, sign | the host process |
//! | `registry` | an OCI registry: push, pull, versions | the host process |
//! | `declared` | the file of what should be deployed, and its lock file | how that is done |
//! | `output` | text or JSON, tables, errors with their exit codes | what is shown |
//! | `places` | where state and socket are unless said | |
//! | `settings` | the file of settings of a host process | what is said on the command line |
//!
//! Whatever is decided is decided by the host library.

mod api;
mod client;
mod command;
mod declared;
mod files;
mod guest;
mod lines;
mod output;
mod places;
mod registry;
mod server;
mod settings;

use std::ffi::OsString;
use std::process::ExitCode;

use airssys_wasm_host::CompilerProcess;

/// Runs the command with its arguments, the program's name first.
///
/// A host process starts this program once more to compile a component; such a process ends here.
/// Starts the tokio runtimes that it needs; call it outside of one. Prints on standard output and standard error. The exit codes stand in the help text.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    CompilerProcess::run_if_asked();
    command::run(arguments)
}
