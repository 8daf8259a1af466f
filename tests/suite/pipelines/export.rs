//! A pipeline exported as one component, on wasmtime alone.

use airssys_wasm_host::pipeline::{ExportError, OnError};
use airssys_wasm_host::wasmtime::component::Val;
use airssys_wasm_host::{Component, Host};

use super::{builder, chain, options_for, stages};
use crate::fuse::runner::{Runner, compile};
use crate::support::host;

fn export_chain(functions: &[&str]) -> Vec<u8> {
    chain(functions)
        .build()
        .expect("a pipeline")
        .export_component("run")
        .expect("a component")
}

#[tokio::test]
async fn an_exported_pipeline_runs_on_wasmtime_alone_and_gives_the_same() {
    let functions = ["upper", "count", "double", "spell"];
    let bytes = export_chain(&functions);
    let mut alone = Runner::new(&compile(&bytes));
    let host: Host = host();
    let pipeline = super::deploy(&host, chain(&functions)).await;
    for text in ["", "so it goes", "straße"] {
        let there = alone
            .call("run", &[Val::String(text.into())])
            .expect("a result");
        let here = pipeline
            .call(text)
            .await
            .expect("one")
            .into_item()
            .and_then(|item| item.into_text());
        assert_eq!(there, here.map(Val::String), "{text:?}");
    }
    // And on this host, as a component like any other.
    let component = Component::from_bytes(bytes)
        .expect("a component")
        .with_name("exported")
        .expect("a name");
    let run = host
        .deploy(component)
        .await
        .expect("deployed")
        .function::<(String,), (String,)>("run");
    assert_eq!(
        run.expect("an exported function")
            .call(("abc".into(),))
            .await
            .expect("an answer")
            .0,
        "<6>"
    );
}

#[test]
fn a_fallible_chain_ends_with_its_first_error() {
    let pipeline = builder()
        .add_component_with(
            "parse",
            stages(),
            options_for("parse").on_error(OnError::Fail),
        )
        .add_component_with(
            "halve",
            stages(),
            options_for("halve").on_error(OnError::Fail),
        )
        .connect("parse.output", "halve.input");
    let bytes = pipeline
        .build()
        .expect("a pipeline")
        .export_component("half")
        .expect("a component");
    let mut alone = Runner::new(&compile(&bytes));
    let mut half = |text: &str| {
        alone
            .call("half", &[Val::String(text.into())])
            .expect("a result")
    };
    assert_eq!(
        half("84"),
        Some(Val::Result(Ok(Some(Box::new(Val::U32(42))))))
    );
    assert_eq!(
        half("3"),
        Some(Val::Result(Err(Some(Box::new(Val::String(
            "3 is odd".into()
        ))))))
    );
}

#[test]
fn pipelines_that_need_a_host_are_not_exported() {
    let whole = |builder: airssys_wasm_host::pipeline::PipelineBuilder| {
        builder
            .build()
            .expect("a pipeline")
            .export_component("run")
            .expect_err("refused")
            .to_string()
    };
    let fan_out = chain(&["double", "spell"])
        .add_component_with("other", stages(), options_for("spell"))
        .connect("double.output", "other.input");
    assert_eq!(
        whole(fan_out),
        "the pipeline cannot be exported as one component: its stages do not form a chain"
    );
    let skips = builder()
        .add_component_with(
            "parse",
            stages(),
            options_for("parse").on_error(OnError::Skip),
        )
        .add_component_with("double", stages(), options_for("double"))
        .connect("parse.output", "double.input");
    assert!(whole(skips).ends_with("stage `parse` has options that only a host can apply"));
    let routed = builder()
        .add_component_with("double", stages(), options_for("double"))
        .add_component_with("spell", stages(), options_for("spell"))
        .connect_when("double.output", "spell.input", "> 10");
    assert!(whole(routed).ends_with("only some items go from `double` to `spell`"));
    let one = builder().add_component_with("double", stages(), options_for("double"));
    let one = one.build().expect("a pipeline").export_component("run");
    assert!(matches!(one, Err(ExportError::NotFused(_))), "{one:?}");
}
