//! `airssys-wasm call`

use clap::Args;

use super::Common;
use crate::api::{self, Called, FunctionView, Problem};
use crate::client::segment;
use crate::output::exit_code_of;

/// Call a function, with values in WAVE, or in JSON
///
/// Without a call it lists the functions and their types. A `result` whose error case is set is
/// shown, and ends with exit code 1.
#[derive(Args, Debug)]
pub(super) struct Call {
    /// The name of the deployment
    name: String,
    /// The call: 'demo:greeter/api#greet("Ada")', or 'greet("Ada")' if only one is called so
    #[arg(value_name = "CALL")]
    call: Option<String>,
    /// Values are JSON, those given and the result: 'greet({"name": "Ada"})'
    #[arg(long)]
    json: bool,
}

impl Call {
    pub(super) async fn run(self, common: &Common) -> Result<u8, Problem> {
        let path = format!("/v1/deployments/{}", segment(&self.name));
        let client = common.client()?;
        let Some(call) = self.call else {
            let functions: Vec<FunctionView> = client.get(&format!("{path}/functions")).await?;
            common.output.show(&functions);
            return Ok(0);
        };
        let called: Called = client
            .post(&format!("{path}/call"), &api::Call::read(&call, self.json)?)
            .await?;
        common.output.show(&called);
        Ok(exit_code_of(called.end()))
    }
}
