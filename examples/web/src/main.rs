//! An axum application that contains two components, one of which is replaced while it serves
//! requests.
#![expect(clippy::print_stdout, reason = "an example prints")]

mod client;

use std::error::Error;
use std::future::IntoFuture as _;

use airssys_wasm_host::{Component, Host};
use axum::Router;
use axum::routing::get;
use client::{Client, Clients};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let host = Host::builder().build()?;
    host.deploy(component("http-v1")?).name("shop").await?;
    host.deploy(component("http-v1")?).name("blog").await?;

    let router = Router::<()>::new()
        .route("/", get(async || "the application itself\n"))
        .nest_service("/shop", host.http().service("shop")?)
        .nest_service("/blog", host.http().service("blog")?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, router).into_future());

    let mut client = Client::connect(address).await?;
    for path in ["/", "/shop/", "/blog/"] {
        print!("{path:7} {}", client.get(path).await?);
    }

    let clients = Clients::start(address, "/shop/", 4);
    host.update("shop", component("http-v2")?)
        .any_version()
        .await?
        .drained()
        .await;
    print!("updated {}", client.get("/shop/").await?);
    print!("other   {}", client.get("/blog/").await?);
    host.rollback("shop").await?.drained().await;
    print!("back    {}", client.get("/shop/").await?);
    println!(
        "{} clients sent requests throughout, and every request was answered",
        clients.stop().await?
    );
    Ok(())
}

/// Loads a guest program of `tests/guests`.
fn component(name: &str) -> airssys_wasm_host::Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))
}
