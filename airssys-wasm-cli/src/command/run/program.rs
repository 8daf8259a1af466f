//! A command, run to its end: its `wasi:cli/run`.

use std::io::Write as _;
use std::path::Path;

use airssys_wasm_host::{CallEnd, Component, Console, DynamicFunction, GuestStream};

use super::stdin::Stdin;
use super::terminal::Output;
use crate::api::Problem;
use crate::output::exit_code_of;

/// The function of a command, if the component is one.
pub(super) fn find(component: &Component) -> Option<String> {
    let functions = component.world().exports.all_functions();
    let mut names = functions.map(|function| &function.name).filter(|name| {
        let interface = name
            .interface()
            .and_then(|interface| interface.split('@').next());
        interface == Some("wasi:cli/run") && name.function() == "run"
    });
    names.next().map(ToString::to_string)
}

/// This process's stdin, stdout and stderr, and arguments after the name of the file.
pub(super) fn console(file: &Path, arguments: Vec<String>) -> Console {
    let name = file
        .file_name()
        .unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned();
    let (stdout, stderr) = (
        Output::new(&std::io::stdout()),
        Output::new(&std::io::stderr()),
    );
    Console::new()
        .arguments(std::iter::once(name).chain(arguments))
        .stdin(Stdin::default())
        .output(move |stream, bytes| match stream {
            GuestStream::Stdout => {
                let mut to = std::io::stdout().lock();
                stdout.write(&mut to, bytes)?;
                to.flush()
            }
            GuestStream::Stderr => stderr.write(&mut std::io::stderr().lock(), bytes),
        })
}

/// Runs it, and gives its exit code.
pub(super) async fn run(function: &DynamicFunction) -> Result<u8, Problem> {
    match function.call(&[]).await {
        Ok(value) => Ok(exit_code_of(CallEnd::of_value(value.as_ref()))),
        Err(error) => match error.call_end() {
            // It has said why.
            Some(end @ CallEnd::Exited(_)) => Ok(exit_code_of(end)),
            _ => Err(error.into()),
        },
    }
}
