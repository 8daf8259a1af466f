//! `airssys-wasm call`

use clap::Args;

use super::Common;
use crate::api::{self, Called, FunctionView, Problem};
use crate::client::segment;
use crate::output::exit_code_of;

/// Call a function of a deployment, with values in WAVE or JSON
///
/// Without CALL, lists the functions and their types. If the function returns the error case of a
/// `result`, prints it and exits with code 1.
#[derive(Args, Debug)]
pub(super) struct Call {
    /// Name of the deployment
    name: String,
    /// Call to make: 'demo:greeter/api#greet("Ada")', or 'greet("Ada")' if the name is unique
    #[arg(value_name = "CALL")]
    call: Option<String>,
    /// Use JSON instead of WAVE for the arguments and the result: 'greet({"name": "Ada"})'
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
