//! Calls, with values as WAVE text.

use airssys_wasm_host::FunctionName;
use serde::{Deserialize, Serialize};

/// A call.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Call {
    /// `demo:greeter/api#greet`, or `greet` where only one is called so.
    pub(crate) function: String,
    /// `("Ada", 36)`.
    pub(crate) arguments: String,
}

/// What a call gave.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Called {
    /// None if the function has no result.
    pub(crate) result: Option<String>,
}

/// A function that can be called.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct FunctionView {
    pub(crate) name: String,
    /// Its WIT type.
    pub(crate) signature: String,
}

impl From<(FunctionName, String)> for FunctionView {
    fn from((name, signature): (FunctionName, String)) -> Self {
        Self { name: name.to_string(), signature }
    }
}
