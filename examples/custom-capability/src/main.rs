//! Provides an interface of the embedder, `demo:dice/roll`, with its own kind of grants:
//! `demo:dice sides=20` lets a component roll dice of up to 20 sides.
#![expect(clippy::print_stdout, reason = "an example prints")]

mod dice;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Component, Host, Result};

use crate::dice::Dice;

#[tokio::main]
async fn main() -> Result<()> {
    let host = Host::builder().provider(Dice).build()?;
    let player = Component::from_file("target/components/dice-player.wasm")?;

    let grants = Grants::new().allow("demo:dice sides=6")?;
    let deployment = host.deploy(player).grants(grants).await?;
    let play = deployment.function::<(u32,), (std::result::Result<u32, String>,)>("play")?;
    for sides in [6, 20] {
        match play.call((sides,)).await?.0 {
            Ok(rolled) => println!("a die of {sides} sides: {}", (1..=sides).contains(&rolled)),
            Err(told) => println!("a die of {sides} sides: {told}"),
        }
    }
    deployment.revoke("demo:dice sides=6").await?;
    println!("revoked: {:?}", play.call((6,)).await?.0);

    let unreadable = Grants::new().allow("demo:dice sides=many")?;
    let player = Component::from_file("target/components/dice-player.wasm")?;
    let error = host
        .update("dice-player", player)
        .any_version()
        .grants(unreadable)
        .await
        .map(drop)
        .expect_err("the grant is invalid");
    println!("{error}");
    Ok(())
}
