//! The greeter under load: its calls and answers.

use airssys_wasm_host::{Deployment, Function, Result};
use airssys_wasm_tests::load::{Answer, Load, Timeline};

/// The number of concurrent callers.
const CALLERS: u64 = 8;

pub(crate) type GreetFunction = Function<(String,), (String,)>;

/// Returns the function that all callers call.
pub(crate) fn greet(greeter: &Deployment) -> Result<GreetFunction> {
    greeter.function("demo:greeter/api#greet")
}

/// Starts the callers. Each call passes its unique id as the name to greet.
pub(crate) fn load(timeline: &Timeline, greet: GreetFunction) -> Load {
    Load::start(timeline, CALLERS, None, move |id| answer(greet.clone(), id))
}

/// Makes a call and parses its answer.
pub(crate) async fn answer(greet: GreetFunction, id: u64) -> Answer {
    let (greeting,) = greet
        .call((id.to_string(),))
        .await
        .map_err(|error| error.to_string())?;
    parse_greeting(&greeting)
}

/// Parses the revision and the id from a greeting.
fn parse_greeting(greeting: &str) -> Answer {
    let unknown = || format!("unexpected greeting `{greeting}`");
    let (words, name) = greeting.split_once(", ").ok_or_else(unknown)?;
    let revision = match words {
        "Hello" => "v1",
        "Good day" => "v2",
        _ => return Err(unknown()),
    };
    let id = name.trim_end_matches('!').parse().map_err(|_| unknown())?;
    Ok((revision.to_owned(), id))
}
