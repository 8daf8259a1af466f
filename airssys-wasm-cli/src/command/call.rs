//! `airssys-wasm call`

use clap::Args;

use super::Common;
use crate::api::{self, Called, FunctionView, Problem, kinds};
use crate::client::segment;

/// Call a function, with values in WAVE
///
/// Without a call it lists the functions and their types.
#[derive(Args, Debug)]
pub(super) struct Call {
    /// The name of the deployment
    name: String,
    /// The call: 'demo:greeter/api#greet("Ada")', or 'greet("Ada")' if only one is called so
    #[arg(value_name = "CALL")]
    call: Option<String>,
}

impl Call {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let path = format!("/v1/deployments/{}", segment(&self.name));
        let client = common.client();
        let Some(call) = self.call else {
            let functions: Vec<FunctionView> = client.get(&format!("{path}/functions")).await?;
            common.output.show(&functions);
            return Ok(());
        };
        let called: Called = client.post(&format!("{path}/call"), &parse(&call)?).await?;
        common.output.show(&called);
        Ok(())
    }
}

/// A function, and its arguments from the first parenthesis on.
pub(super) fn parse(text: &str) -> Result<api::Call, Problem> {
    let text = text.trim();
    match text.find('(') {
        Some(place) if place > 0 && text.ends_with(')') => {
            Ok(api::Call { function: text[..place].trim().to_owned(), arguments: text[place..].to_owned() })
        }
        _ => {
            let message = format!("`{}` is no call; write for example 'greet(\"Ada\")'", text.escape_debug());
            Err(Problem::new(kinds::USAGE, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_call_is_a_function_and_its_arguments() {
        let call = parse(" demo:greeter/api#greet (\"(Ada)\") ").expect("a call");
        assert_eq!(
            (call.function.as_str(), call.arguments.as_str()),
            ("demo:greeter/api#greet", "(\"(Ada)\")")
        );
        for text in ["", "greet", "greet(", "(1)", "greet(1) x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
