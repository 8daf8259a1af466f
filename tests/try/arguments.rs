//! The arguments on the command line.

use std::path::PathBuf;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Component, Requests};
use airssys_wasm_tests::guests;

pub(crate) const USAGE: &str = "\
try <component> [--grant <rule>]... [--deny <rule>]... [--grants <file.toml>]
    [--requests <file.toml>] [--audit-only] --call '<function>(<arguments>)'...

The component is a file, or the name of a guest program of the tests. For example:

    try attack-probe --grant 'file-read /data from=/srv/data' \\
        --call 'attempt(\"read\", [\"/data/a.txt\"])'";

/// A component, its grants and the calls to make.
pub(crate) struct Arguments {
    pub(crate) component: Component,
    pub(crate) grants: Grants,
    pub(crate) audit_only: bool,
    /// Functions to call, with their arguments in WAVE.
    pub(crate) calls: Vec<(String, String)>,
}

impl Arguments {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let component = words.next().ok_or("no component given")?;
        let mut arguments = Self {
            component: load_component(&component)?,
            grants: Grants::new(),
            audit_only: false,
            calls: Vec::new(),
        };
        while let Some(word) = words.next() {
            if word == "--audit-only" {
                arguments.audit_only = true;
                continue;
            }
            let value = words
                .next()
                .ok_or_else(|| format!("`{word}` needs a value"))?;
            arguments = arguments.apply(&word, &value)?;
        }
        if arguments.calls.is_empty() {
            return Err("nothing to call; add `--call '<function>(<arguments>)'`".into());
        }
        Ok(arguments)
    }

    fn apply(mut self, option: &str, value: &str) -> Result<Self, String> {
        match option {
            "--grant" => {
                self.grants = self
                    .grants
                    .allow(value)
                    .map_err(|error| error.to_string())?
            }
            "--deny" => self.grants = self.grants.deny(value).map_err(|error| error.to_string())?,
            "--grants" => {
                self.grants = Grants::from_toml(&read_file(value)?)
                    .map_err(|error| format!("{value}: {error}"))?;
            }
            "--requests" => {
                let requests = Requests::from_toml(&read_file(value)?);
                let requests = requests.map_err(|error| format!("{value}: {error}"))?;
                self.component = self.component.with_requests(requests);
            }
            "--call" => self.calls.push(parse_call(value)?),
            _ => return Err(format!("unknown option `{option}`")),
        }
        Ok(self)
    }
}

fn load_component(name: &str) -> Result<Component, String> {
    let file = resolve_path(name);
    let path = if file.is_file() {
        file
    } else {
        guests::find(name).ok_or(format!("`{name}`: no such file"))?
    };
    let component = Component::from_file(path).map_err(|error| error.to_string())?;
    match component.name() {
        Some(_) => Ok(component),
        None => component
            .with_name("component")
            .map_err(|error| error.to_string()),
    }
}

fn read_file(name: &str) -> Result<String, String> {
    let path = resolve_path(name);
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Resolves a path relative to the directory in which the command was run.
fn resolve_path(name: &str) -> PathBuf {
    std::env::var_os("TRY_FROM")
        .map(PathBuf::from)
        .unwrap_or_default()
        .join(name)
}

/// Splits `greet("Ada")` into a function and its arguments.
fn parse_call(text: &str) -> Result<(String, String), String> {
    let open = text
        .find('(')
        .ok_or_else(|| format!("`{text}` is not a call; write `function(arguments)`"))?;
    Ok((text[..open].to_owned(), text[open..].to_owned()))
}
