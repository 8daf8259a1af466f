//! Arguments, stdin and output that an embedder connects to a program.

use std::sync::Arc;

use airssys_wasm_host::{CallEnd, Console, Error, GuestStream, Host, Value};
use parking_lot::Mutex;

use super::CallLog;
use crate::support::guest;

const RUN: &str = "wasi:cli/run#run";

async fn run(console: Option<Console>) -> (Result<Option<Value>, Error>, CallLog) {
    let told = CallLog::default();
    let host = Host::builder()
        .pooled_instances_max(50)
        .guest_log(told.clone())
        .build()
        .expect("a host");
    let deploy = host.deploy(guest("ends-command"));
    let deploy = match console {
        Some(console) => deploy.console(console),
        None => deploy,
    };
    let run = deploy
        .await
        .expect("deployed")
        .dynamic_function(RUN)
        .expect("a command");
    (run.call(&[]).await, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn program_has_no_arguments_and_an_empty_stdin_by_default() {
    let (result, told) = run(None).await;
    assert_eq!(
        CallEnd::from_value(result.expect("it ran").as_ref()),
        CallEnd::Returned
    );
    assert!(told.lines(1).await[0].ends_with("Stdout: no arguments"));
    let (result, told) = run(Some(Console::new().arguments(["program", "cat"]))).await;
    result.expect("it ran");
    assert_eq!(told.lines(0).await, [""; 0], "there is nothing to copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn program_uses_the_console_of_its_deployment() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&written);
    let console = Console::new()
        .arguments(["program", "cat"])
        .stdin(&b"one\xfftwo"[..])
        .output(move |stream, bytes| {
            assert_eq!(stream, GuestStream::Stdout);
            to.lock().extend_from_slice(bytes);
            Ok(())
        });
    let (result, told) = run(Some(console)).await;
    assert_eq!(
        CallEnd::from_value(result.expect("it ran").as_ref()),
        CallEnd::Returned
    );
    assert_eq!(written.lock()[..], b"one\xfftwo"[..]);
    assert_eq!(
        told.lines(0).await,
        [""; 0],
        "the guest log contains none of it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn program_that_returns_an_error_has_failed() {
    let (result, told) = run(Some(Console::new().arguments(["program", "fail"]))).await;
    assert_eq!(
        CallEnd::from_value(result.expect("it ran").as_ref()),
        CallEnd::ReturnedError
    );
    assert!(told.lines(1).await[0].ends_with("Stderr: Error: \"as asked\""));
}
