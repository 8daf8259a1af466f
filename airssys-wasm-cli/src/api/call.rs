//! Calls whose arguments and results are WAVE text or JSON.
//!
//! Tests: in this file.

use airssys_wasm_host::{CallEnd, DynamicFunction, Error, ErrorKind, ExportedFunction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, kinds};

/// A call of one function.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CallRequest {
    /// The function's full name, such as `demo:greeter/api#greet`, or its short name, such as
    /// `greet`, if only one exported function has it.
    pub(crate) function: String,
    /// The arguments. Their format is also that of the result.
    pub(crate) arguments: CallArguments,
}

/// The arguments of a call, in the format in which its result is returned.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CallArguments {
    /// All arguments as one WAVE text: `("Ada", 36)`.
    Wave(String),
    /// JSON values, one for each argument.
    Json(Vec<serde_json::Value>),
}

/// A format of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueFormat {
    Wave,
    Json,
}

/// The result of a call.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CallResult {
    /// The returned value: a string of WAVE text, or the JSON value itself. `null` if the function
    /// has no result.
    pub(crate) result: Option<serde_json::Value>,
    /// `true` if `result` is JSON, `false` if it is WAVE text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) json: bool,
    /// `true` if the function returned the error case of a `result`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_error: bool,
}

impl CallRequest {
    /// Parses `function(arguments)`. The arguments begin at the first parenthesis.
    pub(crate) fn parse(text: &str, format: ValueFormat) -> Result<Self, Problem> {
        let text = text.trim();
        let place = text
            .find('(')
            .filter(|place| *place > 0 && text.ends_with(')'))
            .ok_or_else(|| {
                let message = format!(
                    "`{}` is not a call; write for example 'greet(\"Ada\")'",
                    text.escape_debug()
                );
                Problem::new(kinds::USAGE, message)
            })?;
        let (function, arguments) = (text[..place].trim().to_owned(), &text[place..]);
        let arguments = match format {
            ValueFormat::Wave => CallArguments::Wave(arguments.into()),
            ValueFormat::Json => CallArguments::parse_json(arguments)?,
        };
        Ok(Self {
            function,
            arguments,
        })
    }

    /// Calls `function`, which the caller has looked up by `self.function`.
    pub(crate) async fn run(&self, function: &DynamicFunction) -> Result<CallResult, Problem> {
        let arguments = match &self.arguments {
            CallArguments::Wave(text) => function
                .ty()
                .arguments_from_wave(text)
                .map_err(Error::from)?,
            CallArguments::Json(values) => {
                function.ty().arguments_from_json(values).map_err(|error| {
                    let message = format!(
                        "`{}` is `{}`: {error}",
                        function.ty().name,
                        function.ty().signature()
                    );
                    Problem::from_kind(ErrorKind::TypeMismatch, message)
                })?
            }
        };
        let value = function.call(&arguments).await?;
        let json = matches!(self.arguments, CallArguments::Json(_));
        let is_error = CallEnd::from_value(value.as_ref()) == CallEnd::ReturnedError;
        let result = value.map(|value| {
            if json {
                value.to_json()
            } else {
                value.to_wave().into()
            }
        });
        Ok(CallResult {
            result,
            json,
            is_error,
        })
    }
}

impl CallResult {
    /// Returns how the call ended.
    pub(crate) fn call_end(&self) -> CallEnd {
        if self.is_error {
            CallEnd::ReturnedError
        } else {
            CallEnd::Returned
        }
    }

    /// Returns the result as text; empty if the function has no result.
    pub(crate) fn to_text(&self) -> String {
        match &self.result {
            Some(serde_json::Value::String(wave)) if !self.json => wave.clone(),
            Some(json) => json.to_string(),
            None => String::new(),
        }
    }
}

impl CallArguments {
    /// Parses JSON values in parentheses, separated by commas.
    fn parse_json(text: &str) -> Result<Self, Problem> {
        let inside = text
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'))
            .unwrap_or(text);
        serde_json::from_str(&format!("[{inside}]"))
            .map(Self::Json)
            .map_err(|error| {
                let message = format!(
                    "the arguments `{}` are not valid JSON: {error}",
                    text.escape_debug()
                );
                Problem::new(kinds::USAGE, message)
            })
    }
}

/// A function exported by a deployment.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct FunctionView {
    /// Full name, such as `demo:greeter/api#greet`.
    pub(crate) name: String,
    /// WIT type, such as `func(name: string) -> string`.
    pub(crate) signature: String,
}

impl From<ExportedFunction> for FunctionView {
    fn from(function: ExportedFunction) -> Self {
        Self {
            name: function.name.to_string(),
            signature: function.signature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_text_is_split_into_function_and_arguments() {
        let call = CallRequest::parse(" demo:greeter/api#greet (\"(Ada)\") ", ValueFormat::Wave)
            .expect("a call");
        assert_eq!(call.function, "demo:greeter/api#greet");
        assert!(matches!(call.arguments, CallArguments::Wave(text) if text == "(\"(Ada)\")"));
        for text in ["", "greet", "greet(", "(1)", "greet(1) x"] {
            assert!(
                CallRequest::parse(text, ValueFormat::Wave).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn json_arguments_are_parsed() {
        let parse = |text| CallRequest::parse(text, ValueFormat::Json);
        let call = parse("put({\"a\": [1, null]}, \")\")").expect("a call");
        let expected = vec![
            serde_json::json!({ "a": [1, null] }),
            serde_json::json!(")"),
        ];
        assert!(matches!(call.arguments, CallArguments::Json(values) if values == expected));
        assert!(
            matches!(parse("f()").expect("a call").arguments, CallArguments::Json(it) if it.is_empty())
        );
        let problem = parse("f(some(1))").expect_err("not JSON").to_string();
        assert!(problem.contains("not valid JSON"), "{problem}");
    }
}
