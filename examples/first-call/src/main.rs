//! Deploys a component, calls it, and prints its answer.

use airssys_wasm_host::{Component, Host};

#[tokio::main]
async fn main() -> airssys_wasm_host::Result<()> {
    let file = std::env::args()
        .nth(1)
        .unwrap_or("target/components/greeter.wasm".into());
    let host = Host::builder().build()?;
    let greeter = host.deploy(Component::from_file(file)?).await?;
    let greet = greeter.function::<(String,), (String,)>("demo:greeter/api#greet")?;
    let (answer,) = greet.call(("Ada".into(),)).await?;
    println!("{answer}");
    Ok(())
}
