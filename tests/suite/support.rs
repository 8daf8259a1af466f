//! Support code shared by several tests.

use std::sync::Arc;

use airssys_wasm_host::{
    CallEnd, Component, Deployment, Error, Event, Events, Function, GuestLine, GuestLog, Host,
    Instancing, Rule,
};
use airssys_wasm_tests::guests;
use airssys_wasm_tests::load::Answer;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

/// Loads a guest program, and starts the watchdog.
pub(crate) fn guest(name: &str) -> Component {
    crate::watchdog::start();
    guests::guest(name)
}

/// Builds a host with defaults, except for few pool slots because tests run many hosts at once.
pub(crate) fn host() -> Host {
    Host::builder()
        .pooled_instances_max(50)
        .build()
        .expect("a host")
}

/// Parses a component from text.
pub(crate) fn wat(name: &str, text: &str) -> Component {
    let bytes = wat::parse_str(text).expect("valid text");
    Component::from_bytes(bytes)
        .expect("a component")
        .with_name(name)
        .expect("a name")
}

/// Parses a component from a file in `tests/wat`.
pub(crate) fn wat_file(name: &str) -> Component {
    let path = format!("{}/wat/{name}.wat", env!("CARGO_MANIFEST_DIR"));
    wat(
        name,
        &std::fs::read_to_string(&path).expect("the file exists"),
    )
}

/// Deploys the greeter in its first version.
pub(crate) async fn deploy_greeter(instancing: Instancing) -> (Host, Deployment) {
    let host = host();
    let deployment = host
        .deploy(guest("greeter-v1"))
        .instancing(instancing)
        .await
        .expect("deployed");
    (host, deployment)
}

/// Calls a function by its name, with arguments in WAVE.
pub(crate) async fn call(
    deployment: &Deployment,
    function: &str,
    arguments: &str,
) -> Result<Option<String>, Error> {
    deployment
        .dynamic_function(function)
        .expect("an exported function")
        .call_wave(arguments)
        .await
}

/// Revokes a rule from a deployment.
pub(crate) async fn revoke(host: &Host, name: &str, rule: &str) -> Vec<Rule> {
    let deployment = host.deployment(name).await.expect("deployed");
    deployment.revoke(rule).await.expect("revoked")
}

pub(crate) type SleepFunction = Function<(u64,), ()>;

pub(crate) fn sleep(deployment: &Deployment) -> SleepFunction {
    deployment.function("sleep").expect("an exported function")
}

/// Starts a call that stays in flight for `milliseconds`, and returns once it is admitted.
pub(crate) async fn start_parked_call(
    sleeper: &Deployment,
    milliseconds: u64,
) -> JoinHandle<Result<(), Error>> {
    let sleep = sleep(sleeper);
    let call = tokio::spawn(async move { sleep.call((milliseconds,)).await });
    while sleeper.status().calls_in_flight == 0 {
        tokio::task::yield_now().await;
    }
    call
}

pub(crate) type GreetFunction = Function<(String,), (String,)>;

pub(crate) fn greet(deployment: &Deployment) -> GreetFunction {
    deployment
        .function("demo:greeter/api#greet")
        .expect("the greeter greets")
}

/// Calls the greeter with an id, and reads revision and id from its answer.
pub(crate) async fn greet_with_id(greet: GreetFunction, id: u64) -> Answer {
    match greet.call((id.to_string(),)).await {
        Ok((answer,)) => read_greeting(&answer),
        Err(error) => Err(error.to_string()),
    }
}

pub(crate) fn read_greeting(answer: &str) -> Answer {
    let (greeting, rest) = answer.split_once(", ").ok_or("no greeting")?;
    let revision = match greeting {
        "Hello" => "v1",
        "Good day" => "v2",
        other => return Err(format!("no revision greets with `{other}`")),
    };
    let id = rest
        .trim_end_matches('!')
        .parse()
        .map_err(|_| format!("no id in `{answer}`"))?;
    Ok((revision.to_owned(), id))
}

/// Returns the failures reported so far: how each call ended, and why.
pub(crate) fn failures(events: &mut Events) -> Vec<(CallEnd, String)> {
    std::iter::from_fn(|| events.try_next())
        .filter_map(|event| match event {
            Event::CallFailed { end, reason, .. } => Some((end, reason)),
            _ => None,
        })
        .collect()
}

/// A guest log that records all lines.
#[derive(Clone, Default)]
pub(crate) struct RecordedLines(Arc<Mutex<Vec<String>>>);

impl RecordedLines {
    /// Returns all lines that guests of a host have printed so far.
    pub(crate) async fn all(&self, host: &Host) -> Vec<String> {
        host.logs().flush().await;
        self.0.lock().clone()
    }
}

impl GuestLog for RecordedLines {
    fn line(&self, line: GuestLine<'_>) {
        self.0.lock().push(format!(
            "{}#{} {:?}: {}",
            line.deployment, line.revision, line.stream, line.text
        ));
    }
}
