//! The wiring of the example `editor` written with plain wasmtime, for the same plugin, without
//! limits, updates or more than one instance. The example must not be longer.

use airssys_wasm_tests::guests;

/// The code to compare with.
mod wiring {
    use airssys_wasm_host::wasmtime::component::{
        Component, HasSelf, Linker, Resource, ResourceTable, bindgen,
    };
    use airssys_wasm_host::wasmtime::{self, Engine, Store};
    use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

    use super::editor::{Document, Editor};
    use demo::editor::documents;

    bindgen!({
        path: "../examples/editor/wit",
        imports: { default: trappable },
        exports: { default: async },
        with: { "demo:editor/documents.document": crate::embedding::plain::editor::Document },
        wasmtime_crate: airssys_wasm_host::wasmtime,
    });

    pub(super) struct State {
        pub(super) editor: Editor,
        pub(super) name: String,
        pub(super) table: ResourceTable,
        pub(super) wasi: WasiCtx,
    }

    impl WasiView for State {
        fn ctx(&mut self) -> WasiCtxView<'_> {
            WasiCtxView {
                ctx: &mut self.wasi,
                table: &mut self.table,
            }
        }
    }

    impl documents::Host for State {
        fn current(&mut self) -> wasmtime::Result<Resource<Document>> {
            let document = self.editor.current();
            Ok(self.table.push(document)?)
        }
    }

    impl documents::HostDocument for State {
        fn text(&mut self, document: Resource<Document>) -> wasmtime::Result<String> {
            Ok(self.table.get(&document)?.text())
        }

        fn append(&mut self, document: Resource<Document>, text: String) -> wasmtime::Result<()> {
            self.table.get(&document)?.append(&text);
            Ok(())
        }

        fn drop(&mut self, document: Resource<Document>) -> wasmtime::Result<()> {
            Ok(self.table.delete(document).map(drop)?)
        }
    }

    impl PluginImports for State {
        fn print(&mut self, line: String) -> wasmtime::Result<()> {
            self.editor.show(&line);
            Ok(())
        }

        fn plugin_name(&mut self) -> wasmtime::Result<String> {
            Ok(self.name.clone())
        }
    }

    pub(super) async fn start(
        engine: &Engine,
        file: &[u8],
        state: State,
    ) -> wasmtime::Result<(Store<State>, Plugin)> {
        let component = Component::new(engine, file)?;
        let mut linker = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        Plugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        let mut store = Store::new(engine, state);
        let plugin = Plugin::instantiate_async(&mut store, &component, &linker).await?;
        Ok((store, plugin))
    }
}

/// The part of the example's editor that is needed here.
mod editor {
    use std::sync::Arc;

    use parking_lot::Mutex;

    #[derive(Clone, Default)]
    #[allow(
        unreachable_pub,
        reason = "`bindgen!` re-exports the types of resources"
    )]
    pub struct Document(Arc<Mutex<String>>);

    impl Document {
        pub(super) fn text(&self) -> String {
            self.0.lock().clone()
        }

        pub(super) fn append(&self, text: &str) {
            self.0.lock().push_str(text);
        }
    }

    #[derive(Clone, Default)]
    pub(super) struct Editor {
        pub(super) document: Document,
        pub(super) shown: Arc<Mutex<Vec<String>>>,
    }

    impl Editor {
        pub(super) fn current(&self) -> Document {
            self.document.clone()
        }

        pub(super) fn show(&self, line: &str) {
            self.shown.lock().push(line.to_owned());
        }
    }
}

#[tokio::test]
async fn the_plugin_of_the_example_runs_with_plain_wasmtime() {
    let editor = editor::Editor::default();
    editor.document.append("Dear Ada.");
    let state = wiring::State {
        editor: editor.clone(),
        name: "signer".into(),
        table: airssys_wasm_host::wasmtime::component::ResourceTable::new(),
        wasi: wasmtime_wasi::WasiCtx::builder().build(),
    };
    let engine = airssys_wasm_host::wasmtime::Engine::default();
    let file = std::fs::read(guests::path("editor-plugin-v1")).expect("the plugin is built");
    let (mut store, plugin) = wiring::start(&engine, &file, state)
        .await
        .expect("it starts");
    plugin.call_edit(&mut store).await.expect("it edits");
    assert_eq!(
        editor.shown.lock()[..],
        ["signer signed: Dear Ada. Signed."]
    );
}

#[test]
fn the_wiring_of_the_example_is_no_longer_than_with_plain_wasmtime() {
    let read = |file: &str| std::fs::read_to_string(file).expect("the file exists");
    let plain = read("suite/embedding/plain.rs");
    let plain = plain
        .split("mod wiring {")
        .nth(1)
        .expect("the module is in this file");
    let plain = plain.split("\n}").next().expect("the module ends");
    let example = read("../examples/editor/src/host.rs");
    assert!(
        count_code_lines(&example) <= 30,
        "{} lines without the functions",
        count_code_lines(&example)
    );
    let example = example + &read("../examples/editor/src/functions.rs");
    assert!(
        count_code_lines(&example) <= count_code_lines(plain),
        "{} lines, and {} in plain",
        count_code_lines(&example),
        count_code_lines(plain)
    );
}

/// Counts the lines that are neither blank nor a comment.
fn count_code_lines(text: &str) -> usize {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}
