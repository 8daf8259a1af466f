//! `airssys-wasm completions`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use crate::api::Problem;

/// Print a shell completion script
#[derive(Args, Debug)]
pub(super) struct CompletionsCommand {
    /// Shell to generate the script for
    shell: Shell,
}

impl CompletionsCommand {
    pub(super) fn run(self) -> Result<(), Problem> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "airssys-wasm", &mut script);
        crate::output::print_page(crate::output::Page::from_text(&String::from_utf8_lossy(
            &script,
        )));
        Ok(())
    }
}
