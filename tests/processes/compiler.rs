//! Compiler processes, used as a program that embeds a host uses them.
//!
//! This program is its own compiler, so it has its own `main` instead of the test harness.
#![expect(
    clippy::print_stdout,
    reason = "it prints its result as a test harness does"
)]

use std::time::{Duration, Instant};

use airssys_wasm_host::{CompilerProcess, Component, ErrorKind, Host};
use airssys_wasm_tests::process::children_of;
use airssys_wasm_tests::{crafted, guests};

const TIMEOUT: Duration = Duration::from_secs(30);

fn main() {
    let error = CompilerProcess::from_current_program()
        .expect_err("it would start this program recursively");
    assert_eq!(error.kind(), ErrorKind::Internal);
    CompilerProcess::run_if_requested();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(compiles_a_callable_component());
    runtime.block_on(dropping_a_deploy_ends_its_compiler());
    println!("compiler: ok");
}

fn host() -> Host {
    let compiler = CompilerProcess::from_current_program().expect("a compiler process");
    Host::builder()
        .pooled_instances_max(4)
        .compiler_process(compiler)
        .build()
        .expect("a host")
}

async fn compiles_a_callable_component() {
    let component = Component::from_file(guests::path("greeter-v1")).expect("a component");
    let host = host();
    let greeter = host.deploy(component).await.expect("deployed");
    let greet = greeter
        .function::<(String,), (String,)>("demo:greeter/api#greet")
        .expect("it greets");
    assert_eq!(
        greet.call(("Ada".into(),)).await.expect("it answers").0,
        "Hello, Ada!"
    );
}

async fn dropping_a_deploy_ends_its_compiler() {
    let bytes = wat::parse_str(crafted::nested_loops()).expect("bytes");
    let component = Component::from_bytes(bytes)
        .and_then(|it| it.with_name("crafted"))
        .expect("a component");
    let host = host();
    let deploying = tokio::spawn({
        let host = host.clone();
        async move { host.deploy(component).await.map(drop) }
    });
    wait_until("a compiler starts", || !children().is_empty()).await;
    assert!(!deploying.is_finished());
    deploying.abort();
    wait_until("the compiler ends", || children().is_empty()).await;
    host.deploy(Component::from_file(guests::path("greeter-v1")).expect("a component"))
        .await
        .expect("deployed");
}

fn children() -> Vec<u32> {
    children_of(std::process::id())
}

async fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < TIMEOUT, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
