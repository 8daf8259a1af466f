//! Calls a component through bindings that `bindgen!` generates from WIT, across an update.
//!
//! Exports are asynchronous, because calls into components are.
#![expect(clippy::print_stdout, reason = "an example prints")]

use airssys_wasm_host::{Bindings, Component, Host, Result};

mod generated {
    airssys_wasm_host::wasmtime::component::bindgen!({
        inline: "
            package demo:greeter;

            interface api {
                greet: func(name: string) -> string;
            }

            world greeter {
                export api;
            }
        ",
        exports: { default: async },
        wasmtime_crate: airssys_wasm_host::wasmtime,
    });
}

use generated::Greeter;

#[tokio::main]
async fn main() -> Result<()> {
    let host = Host::builder().build()?;
    let deployment = host.deploy(component("greeter-v1")?).await?;
    let greeter = deployment
        .bindings(|mut store, instance| Greeter::new(&mut store, instance))
        .await?;
    println!("{}", greet(&greeter, "Ada").await?);

    host.update("greeter", component("greeter-v2")?)
        .await?
        .drained()
        .await;
    println!("{}", greet(&greeter, "Ada").await?);

    // Both calls use the same instance, because they are one call to the host.
    let both = greeter
        .call(async |greeter, mut store| {
            let api = greeter.demo_greeter_api();
            let ada = api.call_greet(&mut store, "Ada").await?;
            let grace = api.call_greet(&mut store, "Grace").await?;
            Ok([ada, grace])
        })
        .await?;
    println!("{}", both.join(" "));
    Ok(())
}

async fn greet(greeter: &Bindings<Greeter>, name: &str) -> Result<String> {
    greeter
        .call(async |greeter, store| greeter.demo_greeter_api().call_greet(store, name).await)
        .await
}

/// Loads a guest program of `tests/guests`.
fn component(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))
}
