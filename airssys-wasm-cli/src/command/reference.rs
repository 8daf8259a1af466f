//! `airssys-wasm reference`
//!
//! Tests: in this file.

use clap::builder::Resettable;
use clap::{Args, CommandFactory as _};

use super::Cli;
use crate::api::{Problem, kinds};
use crate::output::{EXIT_CODES, Page, print_page};
use crate::server::openapi_json;

/// Print the reference of this command as Markdown or as a man page
#[derive(Args, Debug)]
pub(super) struct ReferenceCommand {
    /// Print a man page with a section for each subcommand; view it with
    /// `airssys-wasm reference --man | man -l -`
    #[arg(long)]
    man: bool,
    /// Print the OpenAPI description of the host process instead, as served at `/v1/openapi.json`
    #[arg(long, conflicts_with = "man")]
    openapi: bool,
}

impl ReferenceCommand {
    pub(super) fn run(self) -> Result<(), Problem> {
        let text = match self.openapi {
            true => openapi_json(),
            false if self.man => man_page()?,
            false => markdown(),
        };
        print_page(Page::from_text(&text));
        Ok(())
    }
}

/// Returns the text of `REFERENCE.md`.
fn markdown() -> String {
    let options = clap_markdown::MarkdownOptions::new()
        .title("The command `airssys-wasm`".into())
        .show_footer(false)
        .show_table_of_contents(true);
    // The text after the help would be joined into one paragraph.
    let command = Cli::command()
        .after_long_help(Resettable::Reset)
        .after_help(Resettable::Reset);
    let page = clap_markdown::help_markdown_command_custom(&command, &options);
    format!(
        "{}\n\n## Exit codes\n\n```text\n{EXIT_CODES}\n```\n",
        page.trim_end()
    )
}

fn man_page() -> Result<String, Problem> {
    let mut page = Vec::new();
    render_man_page(Cli::command(), &mut page).map_err(|error| {
        Problem::new(kinds::INTERNAL, "the man page cannot be written").with_cause(error)
    })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Renders a single page with a section for each subcommand.
fn render_man_page(mut command: clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    command.build();
    clap_mangen::Man::new(command.clone()).render(page)?;
    let visible = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help");
    for subcommand in visible {
        let name = format!("{} {}", command.get_name(), subcommand.get_name()).to_uppercase();
        page.extend_from_slice(format!(".SH {name}\n").as_bytes());
        let man = clap_mangen::Man::new(subcommand.clone());
        man.render_description_section(page)?;
        man.render_synopsis_section(page)?;
        if subcommand.get_arguments().next().is_some() {
            man.render_options_section(page)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cargo xtask bless` regenerates the file.
    #[test]
    fn the_reference_is_up_to_date() {
        check_committed("REFERENCE.md", &markdown());
    }

    #[test]
    fn the_openapi_description_is_up_to_date() {
        check_committed("openapi.json", &(openapi_json() + "\n"));
    }

    fn check_committed(file: &str, text: &str) {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("AIRSSYS_BLESS").is_some() {
            std::fs::write(&path, text).expect("written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == text,
            "{file} is out of date; run `cargo xtask bless`"
        );
    }

    #[test]
    fn the_man_page_has_every_subcommand() {
        let page = man_page().expect("a page");
        for subcommand in Cli::command().get_subcommands() {
            let heading = format!(".SH AIRSSYS-WASM {}", subcommand.get_name().to_uppercase());
            assert!(page.contains(&heading), "{heading}");
        }
    }
}
