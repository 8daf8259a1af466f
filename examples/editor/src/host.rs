//! Connects `wit/editor.wit` to the editor. Together with `functions` this is shorter than with
//! plain wasmtime, as a test of this workspace checks.

use airssys_wasm_host::wasmtime::component::{HasSelf, bindgen};
use airssys_wasm_host::{Host, Result};

use crate::document::Editor;

bindgen!({
    path: "wit",
    imports: { default: trappable },
    with: { "demo:editor/documents.document": crate::document::Document },
    wasmtime_crate: airssys_wasm_host::wasmtime,
});

/// Builds a host for the plugins of an editor.
pub(crate) fn host(editor: Editor) -> Result<Host> {
    Host::builder()
        .data(editor)
        .imports(
            ["demo:editor/documents@0.1.0", "print", "plugin-name"],
            |linker| Plugin::add_to_linker::<_, HasSelf<_>>(linker, |instance| instance),
        )
        .build()
}
