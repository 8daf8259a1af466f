//! `airssys-wasm run`

use std::path::PathBuf;

use airssys_wasm_host::{Component, Host};
use clap::Args;

use super::Common;
use super::given::{GrantArguments, RunsUnder};
use crate::api::{Call, DeploySpec, FunctionView, Problem};
use crate::files;

/// Call a function of a component's file, without a host process
///
/// Without a call it lists the functions and their types.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// The component's file
    file: PathBuf,
    /// The call: 'demo:greeter/api#greet("Ada")', or 'greet("Ada")' if only one is called so
    #[arg(value_name = "CALL")]
    call: Option<String>,
    /// Values are JSON, those given and the result
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    grants: GrantArguments,
    #[command(flatten)]
    under: RunsUnder,
}

impl Run {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let host = Host::builder().pooled_instances_max(8).guest_log(Printed).build()?;
        let component = Component::from_bytes(files::read(&self.file)?)?;
        let spec = DeploySpec {
            name: Some("component".into()),
            grants: self.grants.given()?,
            limits: self.under.limits()?,
            links: self.under.links()?,
            instancing: self.under.instancing,
            ..DeploySpec::default()
        };
        let deployment = spec.prepare(host.deploy(component))?.await?;
        let Some(call) = self.call else {
            let functions: Vec<FunctionView> = deployment.functions().into_iter().map(Into::into).collect();
            common.output.show(&functions);
            return Ok(());
        };
        let call = Call::read(&call, self.json)?;
        common.output.show(&call.make(&deployment.dynamic_function(&call.function)?).await?);
        Ok(())
    }
}

/// What it prints goes to standard error: standard output is for the result.
pub(super) struct Printed;

impl airssys_wasm_host::GuestLog for Printed {
    fn line(&self, line: airssys_wasm_host::GuestLine<'_>) {
        use std::io::Write as _;
        // Whoever closed standard error does not want to know.
        let _ = writeln!(anstream::stderr().lock(), "{}", crate::output::printable(line.text));
    }
}
