//! The functions available to plugins: the traits that `bindgen!` generates from `wit/editor.wit`.

use airssys_wasm_host::wasmtime::component::Resource;
use airssys_wasm_host::{InstanceState, wasmtime};

use crate::document::{Document, Editor};
use crate::host::PluginImports;
use crate::host::demo::editor::documents;

impl documents::Host for InstanceState {
    fn current(&mut self) -> wasmtime::Result<Resource<Document>> {
        let document = self.data::<Editor>().current();
        Ok(self.table().push(document)?)
    }
}

impl documents::HostDocument for InstanceState {
    fn text(&mut self, document: Resource<Document>) -> wasmtime::Result<String> {
        Ok(self.table().get(&document)?.text())
    }

    fn append(&mut self, document: Resource<Document>, text: String) -> wasmtime::Result<()> {
        self.table().get(&document)?.append(&text);
        Ok(())
    }

    fn drop(&mut self, document: Resource<Document>) -> wasmtime::Result<()> {
        Ok(self.table().delete(document).map(drop)?)
    }
}

impl PluginImports for InstanceState {
    fn print(&mut self, line: String) -> wasmtime::Result<()> {
        self.data::<Editor>().show(&line);
        Ok(())
    }

    fn plugin_name(&mut self) -> wasmtime::Result<String> {
        let identity = self.identity();
        Ok(format!(
            "{} (revision {})",
            identity.deployment, identity.revision
        ))
    }
}
