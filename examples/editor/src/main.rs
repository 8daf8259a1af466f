//! An editor whose plugins hold its open document, know their own identity, and are replaced while
//! the document is open.
#![expect(clippy::print_stdout, reason = "an example prints")]

mod document;
mod functions;
mod host;

use airssys_wasm_host::{Component, Result};

use crate::document::Editor;

#[tokio::main]
async fn main() -> Result<()> {
    let editor = Editor::default();
    let host = host::host(editor.clone())?;
    editor.current().append("Dear Ada.");

    let signer = host.deploy(plugin("editor-plugin-v1")?).await?;
    let edit = signer.function::<(), ()>("edit")?;
    edit.call(()).await?;
    editor.current().append(" Yours, Grace.");
    edit.call(()).await?;

    // The document stays open; the next revision obtains its own handle.
    host.update("signer", plugin("editor-plugin-v2")?)
        .discard_state()
        .await?
        .drained()
        .await;
    edit.call(()).await?;
    host.rollback("signer")
        .discard_state()
        .await?
        .drained()
        .await;
    edit.call(()).await?;

    println!("{}", editor.current().text());
    Ok(())
}

/// Loads a guest program of `tests/guests`.
fn plugin(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))
}
