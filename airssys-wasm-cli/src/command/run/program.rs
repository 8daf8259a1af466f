//! Runs the `wasi:cli/run` function of a command component.

use std::io::Write as _;
use std::path::Path;

use airssys_wasm_host::{CallEnd, Component, Console, DynamicFunction, GuestStream};

use super::stdin::LazyStdin;
use super::terminal::ProgramOutput;
use crate::api::Problem;
use crate::output::exit_code_of_call;

/// Returns the name of the component's `wasi:cli/run` function, if it has one.
pub(super) fn find_run_function(component: &Component) -> Option<String> {
    let functions = component.world().exports.all_functions();
    let mut names = functions.map(|function| &function.name).filter(|name| {
        let interface = name
            .interface()
            .and_then(|interface| interface.split('@').next());
        interface == Some("wasi:cli/run") && name.function() == "run"
    });
    names.next().map(ToString::to_string)
}

/// Returns a console with the stdin, stdout and stderr of this process, and with the file name
/// followed by the arguments.
pub(super) fn console(file: &Path, arguments: Vec<String>) -> Console {
    let name = file
        .file_name()
        .unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned();
    let (stdout, stderr) = (
        ProgramOutput::new(&std::io::stdout()),
        ProgramOutput::new(&std::io::stderr()),
    );
    Console::new()
        .arguments(std::iter::once(name).chain(arguments))
        .stdin(LazyStdin::default())
        .output(move |stream, bytes| match stream {
            GuestStream::Stdout => {
                let mut to = std::io::stdout().lock();
                stdout.write(&mut to, bytes)?;
                to.flush()
            }
            GuestStream::Stderr => stderr.write(&mut std::io::stderr().lock(), bytes),
        })
}

/// Runs the program. Returns its exit code.
pub(super) async fn run(function: &DynamicFunction) -> Result<u8, Problem> {
    match function.call(&[]).await {
        Ok(value) => Ok(exit_code_of_call(CallEnd::from_value(value.as_ref()))),
        Err(error) => match error.call_end() {
            // The program has printed the reason itself.
            Some(end @ CallEnd::Exited(_)) => Ok(exit_code_of_call(end)),
            _ => Err(error.into()),
        },
    }
}
