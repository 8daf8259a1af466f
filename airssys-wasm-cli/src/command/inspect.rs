//! `airssys-wasm inspect`

use std::path::PathBuf;

use airssys_wasm_host::{Component, Error};
use clap::Args;
use serde::Serialize;

use super::CommonOptions;
use crate::api::{Problem, request_lines};
use crate::files;
use crate::output::{Page, TextOutput};

/// Show the metadata, requests, imports and exports of a component file
#[derive(Args, Debug)]
pub(super) struct InspectCommand {
    /// Component file
    file: PathBuf,
    /// Print the component's world as WIT instead
    #[arg(long)]
    wit: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ComponentMetadata {
    name: Option<String>,
    version: Option<String>,
    description: Option<String>,
    digest: String,
    bytes: usize,
    languages: Vec<String>,
    instancing: Option<String>,
    requests: Option<Vec<String>>,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl InspectCommand {
    pub(super) fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let component = Component::from_bytes(files::read_bytes(&self.file)?)?;
        if self.wit {
            let wit = component.wit().map_err(Error::from)?;
            common.output.print(&WitText { wit });
            return Ok(());
        }
        let world = component.world();
        let functions = |side: &airssys_wasm_host::world::WorldSide| {
            side.all_functions().map(ToString::to_string).collect()
        };
        common.output.print(&ComponentMetadata {
            name: component.name().map(ToString::to_string),
            version: component.version().map(ToString::to_string),
            description: component.description().map(str::to_owned),
            digest: component.digest().to_string(),
            bytes: component.bytes().len(),
            languages: component.languages(),
            instancing: component
                .instancing()
                .map(|instancing| instancing.to_string()),
            requests: request_lines(component.requested()),
            imports: world.imports.names().collect(),
            exports: functions(&world.exports),
        });
        Ok(())
    }
}

/// The world of a component as WIT.
#[derive(Serialize)]
struct WitText {
    wit: String,
}

impl TextOutput for WitText {
    fn text(&self) -> Page {
        Page::from_text(&self.wit)
    }
}

impl TextOutput for ComponentMetadata {
    fn text(&self) -> Page {
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        let mut lines = vec![
            format!("name         {}", said(&self.name)),
            format!("version      {}", said(&self.version)),
            format!("digest       {}", self.digest),
            format!("bytes        {}", self.bytes),
            format!("instancing   {}", said(&self.instancing)),
        ];
        if !self.languages.is_empty() {
            lines.push(format!("written in   {}", self.languages.join(", ")));
        }
        lines.extend(
            self.description
                .iter()
                .map(|text| format!("description  {text}")),
        );
        match &self.requests {
            Some(requests) if requests.is_empty() => lines.push("requests     nothing".into()),
            Some(requests) => {
                lines.extend(requests.iter().map(|rule| format!("requests     {rule}")))
            }
            None => lines
                .push("requests     anything: the component does not declare its requests".into()),
        }
        lines.extend(
            self.imports
                .iter()
                .map(|name| format!("imports      {name}")),
        );
        lines.extend(
            self.exports
                .iter()
                .map(|function| format!("exports      {function}")),
        );
        Page::from_lines(lines)
    }
}
