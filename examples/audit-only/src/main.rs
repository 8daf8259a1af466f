//! Finds out what a component without declared requests needs. It is deployed audit-only, where
//! wide grants do no harm; the rules that it used are printed, granted and enforced; and then one
//! grant is revoked while the component streams.
#![expect(clippy::print_stdout, reason = "an example prints")]

mod record;
mod server;

use std::time::Duration;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Component, Deployment, Enforcement, Host};

use crate::record::RecordedDecisions;
use crate::server::Server;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let server = Server::start().await?;
    let data = tempfile::tempdir()?;
    std::fs::write(data.path().join("name.txt"), "Ada")?;
    std::fs::write(data.path().join("other.txt"), "never requested")?;
    // Paths and addresses differ from machine to machine, so they are replaced in the output.
    let plain = |text: &str| {
        let text = text.replace(&data.path().display().to_string(), "<data>");
        text.replace(&server.authority, "<server>")
    };

    let record = RecordedDecisions::default();
    let host = Host::builder().audit_log(record.clone()).build()?;
    let wide = Grants::new()
        .allow(&format!("file-read /data from={}", data.path().display()))?
        .allow("http *://**:* at=127.0.0.1")?;
    let fetcher = host
        .deploy(component()?)
        .grants(wide)
        .enforcement(Enforcement::AuditOnly)
        .await?;
    println!(
        "audit-only: fetched {} bytes",
        fetch(&fetcher, &server, "/short").await?
    );
    fetch(&fetcher, &server, "/endless").await.err();

    println!("it needs:");
    let mut least = Grants::new();
    for rule in fetcher.learned().unwrap_or_default() {
        println!("  {}", plain(&rule.to_string()));
        least = least.with_rule(rule);
    }

    let update = host
        .update("plain-fetcher", component()?)
        .any_version()
        .grants(least);
    update
        .enforcement(Enforcement::Enforced)
        .await?
        .drained()
        .await;
    println!(
        "enforced: fetched {} bytes",
        fetch(&fetcher, &server, "/short").await?
    );
    let elsewhere = fetch(&fetcher, &server, "/other")
        .await
        .expect_err("it was not learned");
    println!("enforced: another path: {elsewhere}");

    record.clear();
    let ended = revoke_while_it_streams(&fetcher, &server).await?;
    println!("revoked while it streams: {ended}");
    for denial in record.denials() {
        println!("recorded: {}", plain(&denial));
    }
    Ok(())
}

/// Revokes access to the server while a component reads an endless stream from it. Returns the
/// error of that call.
async fn revoke_while_it_streams(fetcher: &Deployment, server: &Server) -> Outcome<String> {
    let streaming = tokio::spawn({
        let (fetcher, authority) = (fetcher.clone(), server.authority.clone());
        async move {
            fetch_from(&fetcher, &authority, "/endless")
                .await
                .map_err(|error| error.to_string())
        }
    });
    server.wait_until_streaming().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let rule = format!("http http://{}", server.authority);
    fetcher.revoke(&rule).await?;
    Ok(streaming.await?.expect_err("it was revoked"))
}

fn component() -> airssys_wasm_host::Result<Component> {
    Component::from_file("target/components/plain-fetcher.wasm")?.with_name("plain-fetcher")
}

/// Fetches a path. Gives up on an endless stream after a while.
async fn fetch(fetcher: &Deployment, server: &Server, path: &str) -> Outcome<u64> {
    let fetching = fetch_from(fetcher, &server.authority, path);
    tokio::time::timeout(Duration::from_millis(300), fetching).await?
}

async fn fetch_from(fetcher: &Deployment, authority: &str, path: &str) -> Outcome<u64> {
    let fetch = fetcher.function::<(String, String), (Result<u64, String>,)>("fetch")?;
    let (fetched,) = fetch.call((authority.into(), path.into())).await?;
    Ok(fetched?)
}
