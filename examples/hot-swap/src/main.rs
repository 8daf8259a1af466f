//! Replaces a component while it is called, and rolls back.
//!
//! The same handle is used throughout. Broken updates are refused, and the active revision keeps
//! serving.
#![expect(clippy::print_stdout, reason = "an example prints")]

mod callers;

use airssys_wasm_host::{Component, Function, Host, Result};
use callers::Callers;

type GreetFunction = Function<(String,), (String,)>;

#[tokio::main]
async fn main() -> Result<()> {
    let host = Host::builder().build()?;
    let greeter = host.deploy(component("greeter-v1")?).await?;
    let greet = greeter.function("demo:greeter/api#greet")?;
    println!("deployed:    {}", ask(&greet).await?);

    let callers = Callers::start(&greet, 4);
    let promoted = host.update("greeter", component("greeter-v2")?).await?;
    promoted.drained().await;
    println!("updated:     {}", ask(&greet).await?);

    for broken in ["greeter-v3", "greeter-changed"] {
        try_broken_update(&host, broken).await?;
    }
    println!("unchanged:   {}", ask(&greet).await?);

    let promoted = host.rollback("greeter").to_version("1.0.0").await?;
    promoted.drained().await;
    println!("rolled back: {}", ask(&greet).await?);
    println!(
        "{} callers called throughout, and every call was answered",
        callers.stop().await?
    );
    Ok(())
}

async fn ask(greet: &GreetFunction) -> Result<String> {
    Ok(greet.call(("Ada".into(),)).await?.0)
}

/// Attempts an update that must fail, and prints the reason.
async fn try_broken_update(host: &Host, name: &str) -> Result<()> {
    match host.update("greeter", component(name)?).await {
        Ok(promoted) => println!("{name} went live as revision {}", promoted.to_revision()),
        Err(error) => println!("refused ({:?}): {error}", error.kind()),
    }
    Ok(())
}

/// Loads a guest program of `tests/guests`.
fn component(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))
}
