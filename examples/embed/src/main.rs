//! Deploys a component, calls it, updates it, and rolls it back.

use airssys_wasm_host::{Component, Function, Host, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let host = Host::builder().build()?;
    let greeter = host.deploy(component("greeter-v1")?).await?;
    let greet = greeter.function("demo:greeter/api#greet")?;
    println!("deployed:    {}", ask(&greet).await?);

    // Calls in flight end on version 1. The same handle now calls version 2.
    host.update("greeter", component("greeter-v2")?).await?;
    println!("updated:     {}", ask(&greet).await?);

    // Version 1 is still loaded: this needs neither its file nor the compiler.
    host.rollback("greeter").await?;
    println!("rolled back: {}", ask(&greet).await?);
    Ok(())
}

async fn ask(greet: &Function<(String,), (String,)>) -> Result<String> {
    Ok(greet.call(("Ada".into(),)).await?.0)
}

fn component(name: &str) -> Result<Component> {
    Component::from_file(format!("target/components/{name}.wasm"))
}
