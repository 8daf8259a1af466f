//! `airssys-wasm call`

use clap::Args;

use super::CommonOptions;
use crate::api::{CallRequest, CallResult, FunctionView, Problem, ValueFormat};
use crate::client::encode_segment;
use crate::output::exit_code_of_call;

/// Call a function of a deployment, with values in WAVE or JSON
///
/// Without CALL, lists the functions and their types. If the function returns the error case of a
/// `result`, prints it and exits with code 1.
#[derive(Args, Debug)]
pub(super) struct CallCommand {
    /// Name of the deployment
    name: String,
    /// Call to make: 'demo:greeter/api#greet("Ada")', or 'greet("Ada")' if the name is unique
    #[arg(value_name = "CALL")]
    call: Option<String>,
    /// Use JSON instead of WAVE for the arguments and the result: 'greet({"name": "Ada"})'
    #[arg(long)]
    json: bool,
}

impl CallCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<u8, Problem> {
        let path = format!("/v1/deployments/{}", encode_segment(&self.name));
        let client = common.client()?;
        let Some(call) = self.call else {
            let functions: Vec<FunctionView> = client.get(&format!("{path}/functions")).await?;
            common.output.print(&functions);
            return Ok(0);
        };
        let format = if self.json {
            ValueFormat::Json
        } else {
            ValueFormat::Wave
        };
        let called: CallResult = client
            .post(&format!("{path}/call"), &CallRequest::parse(&call, format)?)
            .await?;
        common.output.print(&called);
        Ok(exit_code_of_call(called.call_end()))
    }
}
