//! The greeter under load: what is sent, and what is read back.

use airssys_wasm_host::{Deployment, Function, Result};
use airssys_wasm_tests::load::{Answer, Load, Timeline};

/// Callers at once.
const CALLERS: u64 = 8;

pub(crate) type Greet = Function<(String,), (String,)>;

/// The function that all callers call.
pub(crate) fn greet(greeter: &Deployment) -> Result<Greet> {
    greeter.function("demo:greeter/api#greet")
}

/// Starts the callers, each call with an id of its own as the name to greet.
pub(crate) fn load(timeline: &Timeline, greet: Greet) -> Load {
    Load::start(timeline, CALLERS, None, move |id| answer(greet.clone(), id))
}

/// One call, and what its answer says.
pub(crate) async fn answer(greet: Greet, id: u64) -> Answer {
    let (greeting,) = greet
        .call((id.to_string(),))
        .await
        .map_err(|error| error.to_string())?;
    read(&greeting)
}

/// Which revision answered, and to whom.
fn read(greeting: &str) -> Answer {
    let unknown = || format!("nobody answers `{greeting}`");
    let (words, name) = greeting.split_once(", ").ok_or_else(unknown)?;
    let revision = match words {
        "Hello" => "v1",
        "Good day" => "v2",
        _ => return Err(unknown()),
    };
    let id = name.trim_end_matches('!').parse().map_err(|_| unknown())?;
    Ok((revision.to_owned(), id))
}
