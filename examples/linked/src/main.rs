//! Replaces a component while another component calls it.
//!
//! The caller imports `acme:store/kv`, which another deployment exports. Each call queries the
//! store's version twice, and sees one version of the store.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints"
)]

mod callers;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Component, Deployment, Function, Host, Instancing, Result};
use callers::Callers;

/// Returns the store's version, and its version again after some milliseconds.
type VersionsFunction = Function<(u64,), ((String, String),)>;

#[tokio::main]
async fn main() -> Result<()> {
    let host = Host::builder().build()?;
    let caller = deploy_linked(&host).await?;
    let versions: VersionsFunction = caller.function("versions")?;
    println!("before: the store is {}", store_version(&versions).await?);

    let callers = Callers::start(&versions, 4);
    callers.wait_for_version("1.0.0").await;
    let update = host
        .update("store", component("store-v2")?)
        .any_version()
        .await?;
    update.drained().await;
    println!("after:  the store is {}", store_version(&versions).await?);
    callers.wait_for_version("2.0.0").await;

    let seen = callers.stop().await?;
    println!("4 tasks called throughout: no call failed");
    println!("calls that saw two versions: {}", seen.both);
    eprintln!("{} calls saw 1.0.0, and {} saw 2.0.0", seen.old, seen.new);
    Ok(())
}

/// Deploys the store, and then a component that imports it and may call it.
async fn deploy_linked(host: &Host) -> Result<Deployment> {
    let pool = Instancing::pooled(4);
    host.deploy(component("store-v1")?)
        .name("store")
        .instancing(pool)
        .await?;
    let grants = Grants::new().allow("call acme:store/kv")?;
    host.deploy(component("store-caller")?)
        .name("caller")
        .grants(grants)
        .instancing(pool)
        .await
}

async fn store_version(versions: &VersionsFunction) -> Result<String> {
    let ((first, second),) = versions.call((0,)).await?;
    Ok(if first == second {
        first
    } else {
        format!("{first} and {second}")
    })
}

/// Loads a guest program of `tests/guests`.
fn component(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))
}
