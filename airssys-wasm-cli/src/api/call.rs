//! Calls, with values as WAVE text or as JSON.
//!
//! Tests: below.

use airssys_wasm_host::{CallEnd, DynamicFunction, Error, ErrorKind, FunctionName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, kinds};

/// A call.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Call {
    /// `demo:greeter/api#greet`, or `greet` where only one is called so.
    pub(crate) function: String,
    pub(crate) arguments: Arguments,
}

/// The arguments of a call, in the form in which its result is wanted.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Arguments {
    /// WAVE: `("Ada", 36)`.
    Wave(String),
    /// A JSON value each.
    Json(Vec<serde_json::Value>),
}

/// What a call gave.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Called {
    /// As WAVE text, or the JSON value itself; none if the function has no result.
    pub(crate) result: Option<serde_json::Value>,
    /// Whether it is JSON.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) json: bool,
    /// Whether the function returned a `result` whose error case is set.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_error: bool,
}

impl Call {
    /// Reads a function, and its arguments from the first parenthesis on.
    pub(crate) fn read(text: &str, is_json: bool) -> Result<Self, Problem> {
        let text = text.trim();
        let place = text
            .find('(')
            .filter(|place| *place > 0 && text.ends_with(')'))
            .ok_or_else(|| {
                let message = format!(
                    "`{}` is no call; write for example 'greet(\"Ada\")'",
                    text.escape_debug()
                );
                Problem::new(kinds::USAGE, message)
            })?;
        let (function, arguments) = (text[..place].trim().to_owned(), &text[place..]);
        let arguments = if is_json {
            Arguments::json(arguments)?
        } else {
            Arguments::Wave(arguments.into())
        };
        Ok(Self {
            function,
            arguments,
        })
    }

    /// Calls the function that is meant.
    pub(crate) async fn make(&self, function: &DynamicFunction) -> Result<Called, Problem> {
        let arguments = match &self.arguments {
            Arguments::Wave(text) => function
                .ty()
                .arguments_from_wave(text)
                .map_err(Error::from)?,
            Arguments::Json(values) => {
                function.ty().arguments_from_json(values).map_err(|error| {
                    let message = format!(
                        "`{}` is `{}`: {error}",
                        function.ty().name,
                        function.ty().signature()
                    );
                    Problem::of(ErrorKind::TypeMismatch, message)
                })?
            }
        };
        let value = function.call(&arguments).await?;
        let json = matches!(self.arguments, Arguments::Json(_));
        let is_error = CallEnd::of_value(value.as_ref()) == CallEnd::ReturnedError;
        let result = value.map(|value| {
            if json {
                value.to_json()
            } else {
                value.to_wave().into()
            }
        });
        Ok(Called {
            result,
            json,
            is_error,
        })
    }
}

impl Called {
    /// How the call ended.
    pub(crate) fn end(&self) -> CallEnd {
        if self.is_error {
            CallEnd::ReturnedError
        } else {
            CallEnd::Returned
        }
    }

    /// As a text.
    pub(crate) fn text(&self) -> String {
        match &self.result {
            Some(serde_json::Value::String(wave)) if !self.json => wave.clone(),
            Some(json) => json.to_string(),
            None => String::new(),
        }
    }
}

impl Arguments {
    /// Values in parentheses, with commas between them.
    fn json(text: &str) -> Result<Self, Problem> {
        let inside = text
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'))
            .unwrap_or(text);
        serde_json::from_str(&format!("[{inside}]"))
            .map(Self::Json)
            .map_err(|error| {
                let message = format!(
                    "the arguments `{}` are no JSON: {error}",
                    text.escape_debug()
                );
                Problem::new(kinds::USAGE, message)
            })
    }
}

/// A function that can be called.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct FunctionView {
    pub(crate) name: String,
    /// Its WIT type.
    pub(crate) signature: String,
}

impl From<(FunctionName, String)> for FunctionView {
    fn from((name, signature): (FunctionName, String)) -> Self {
        Self {
            name: name.to_string(),
            signature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_function_and_its_arguments() {
        let call = Call::read(" demo:greeter/api#greet (\"(Ada)\") ", false).expect("a call");
        assert_eq!(call.function, "demo:greeter/api#greet");
        assert!(matches!(call.arguments, Arguments::Wave(text) if text == "(\"(Ada)\")"));
        for text in ["", "greet", "greet(", "(1)", "greet(1) x"] {
            assert!(Call::read(text, false).is_err(), "{text}");
        }
    }

    #[test]
    fn arguments_as_json_are_values() {
        let call = Call::read("put({\"a\": [1, null]}, \")\")", true).expect("a call");
        let expected = vec![
            serde_json::json!({ "a": [1, null] }),
            serde_json::json!(")"),
        ];
        assert!(matches!(call.arguments, Arguments::Json(values) if values == expected));
        assert!(
            matches!(Call::read("f()", true).expect("a call").arguments, Arguments::Json(it) if it.is_empty())
        );
        let problem = Call::read("f(some(1))", true)
            .expect_err("no JSON")
            .to_string();
        assert!(problem.contains("no JSON"), "{problem}");
    }
}
