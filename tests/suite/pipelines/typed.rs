//! Rust types at the ends of a pipeline, checked once and preserved by every update.

use airssys_wasm_host::pipeline::{
    OnError, PipelineBuilder, PipelineDeployment, StageOptions, TypedPipeline,
};
use airssys_wasm_host::{Component, ErrorKind};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{builder, chain, deploy, options_for, stages};
use crate::support::{host, wat};

fn refusal<In, Out>(typed: Result<TypedPipeline<In, Out>, airssys_wasm_host::Error>) -> String {
    let error = typed.expect_err("other types");
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_text_and_bytes_go_in_and_come_out() {
    let host = host();
    let spell = deploy(&host, chain(&["double", "spell"]).name("spell")).await;
    let spell = spell.typed::<u32, String>().expect("its types");
    assert_eq!(
        spell.call(21).await.expect("a call").as_deref(),
        Some("<4><2>")
    );
    let bytes = deploy(&host, chain(&["bytes", "reverse"]).name("bytes")).await;
    let bytes = bytes.typed::<String, Vec<u8>>().expect("its types");
    assert_eq!(
        bytes.call("abc".into()).await.expect("a call"),
        Some(b"cba".to_vec())
    );
    let reverse = deploy(&host, chain(&["reverse"]).name("reverse")).await;
    let reverse = reverse.typed::<Vec<u8>, Vec<u8>>().expect("its types");
    assert_eq!(
        reverse.clone().call(vec![1, 2]).await.expect("a call"),
        Some(vec![2, 1])
    );
    let numbers = spell.run(stream::iter(1..=3u32));
    assert_eq!(
        numbers.try_collect::<Vec<_>>().await.expect("all items"),
        ["<2>", "<4>", "<6>"]
    );
}

/// Returns a pipeline of one stage that returns its input.
fn echo_pipeline(wit: &str, core: &str) -> PipelineBuilder {
    let text = format!(
        r#"(component
            (core module $m (func (export "same") (param {core}) (result {core}) local.get 0))
            (core instance $i (instantiate $m))
            (func (export "same") (param "x" {wit}) (result {wit}) (canon lift (core func $i "same"))))"#
    );
    builder()
        .name(wit)
        .add_component("same", wat("same", &text))
}

/// The lanes that know no types ahead of time are tested as well.
#[tokio::test(flavor = "multi_thread")]
async fn every_plain_type_passes_unchanged() {
    let host = host();
    macro_rules! comes_through {
        ($($wit:literal, $core:literal, $rust:ty, [$($value:expr),*];)*) => {$(
            let typed = deploy(&host, echo_pipeline($wit, $core)).await.typed::<$rust, $rust>().expect($wit);
            for value in [$($value),*] {
                assert_eq!(typed.call(value).await.expect($wit), Some(value));
            }
        )*};
    }
    comes_through! {
        "bool", "i32", bool, [true, false];
        "s8", "i32", i8, [i8::MIN, -1, i8::MAX];
        "u8", "i32", u8, [0, u8::MAX];
        "s16", "i32", i16, [i16::MIN, i16::MAX];
        "u16", "i32", u16, [u16::MAX];
        "s32", "i32", i32, [i32::MIN, i32::MAX];
        "u32", "i32", u32, [u32::MAX];
        "s64", "i64", i64, [i64::MIN, i64::MAX];
        "u64", "i64", u64, [u64::MAX];
        "f32", "f32", f32, [-0.5, f32::INFINITY];
        "f64", "f64", f64, [0.1, f64::MIN];
        "char", "i32", char, ['a', '\u{10ffff}'];
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_types_are_refused_with_both_names() {
    let host = host();
    let pipeline = deploy(&host, chain(&["double", "spell"])).await;
    assert_eq!(
        refusal(pipeline.typed::<u64, String>()),
        "`test`: input `double.n` is `u32`, but `u64` is `u64`"
    );
    let both = refusal(pipeline.typed::<String, Vec<u8>>());
    assert!(
        both.contains("input `double.n` is `u32`, but `alloc::string::String` is `string`"),
        "{both}"
    );
    assert!(
        both.contains("output `spell.output` is `string`, but `alloc::vec::Vec<u8>` is `list<u8>`"),
        "{both}"
    );
    let record = deploy(&host, chain(&["describe"]).name("record")).await;
    let record = refusal(record.typed::<String, String>());
    assert!(
        record.contains("output `describe.output` is `record { text: string,"),
        "{record}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pipelines_with_one_input_and_one_output_can_be_typed() {
    let host = host();
    let joined = deploy(&host, chain(&["add"]).name("joined")).await;
    assert_eq!(
        refusal(joined.typed::<u32, u32>()),
        "`joined`: it has several inputs, `add.a: u32`, `add.b: u32`, but `u32` is for one"
    );
    let forked = builder()
        .add_component_with("start", stages(), options_for("double"))
        .add_component_with("left", stages(), options_for("double"))
        .add_component_with("right", stages(), options_for("double"))
        .connect("start.output", "left.input")
        .connect("start.output", "right.input");
    let forked = refusal(deploy(&host, forked).await.typed::<u32, u32>());
    assert!(
        forked.contains("several outputs, `left.output: u32`, `right.output: u32`"),
        "{forked}"
    );
    let given = builder()
        .name("given")
        .add_component("count", super::counter(3));
    let given = refusal(deploy(&host, given).await.typed::<u32, u32>());
    assert_eq!(given, "`given`: it has no input, but `u32` needs one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_item_returns_nothing() {
    let host = host();
    let pipeline = builder().add_component_with(
        "halve",
        stages(),
        options_for("halve").on_error(OnError::Skip),
    );
    let halve = deploy(&host, pipeline)
        .await
        .typed::<u32, u32>()
        .expect("its types");
    assert_eq!(halve.call(3).await.expect("a call"), None);
    let all: Vec<u32> = halve
        .run(stream::iter(1..=6u32))
        .try_collect()
        .await
        .expect("all items");
    assert_eq!(all, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_the_last_element_of_a_run() {
    let host = host();
    let pipeline = builder().add_component_with(
        "halve",
        stages(),
        options_for("halve").on_error(OnError::Fail),
    );
    let halve = deploy(&host, pipeline)
        .await
        .typed::<u32, u32>()
        .expect("its types");
    assert_eq!(
        halve.call(3).await.expect_err("odd").kind(),
        ErrorKind::StageError
    );
    let all: Vec<_> = halve.run(stream::iter([2u32, 3, 4])).collect().await;
    let [Ok(1), Err(error)] = &all[..] else {
        panic!("{all:?}")
    };
    assert_eq!(error.kind(), ErrorKind::StageError);
}

/// An item may leave twice where two edges lead to one input.
#[tokio::test(flavor = "multi_thread")]
async fn several_results_of_one_item_fail_a_call_and_are_all_returned_by_a_run() {
    let host = host();
    let pipeline = builder()
        .add_component_with("start", stages(), options_for("double"))
        .add_component_with("again", stages(), options_for("double"))
        .add_component_with("last", stages(), options_for("spell"))
        .connect("start.output", "again.input")
        .connect("start.output", "last.input")
        .connect("again.output", "last.input");
    let twice = deploy(&host, pipeline)
        .await
        .typed::<u32, String>()
        .expect("its types");
    let error = twice.call(1).await.expect_err("two results");
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
    assert!(
        error
            .to_string()
            .starts_with("`test` returned 2 results for one item"),
        "{error}"
    );
    let mut all: Vec<String> = twice
        .run(stream::iter([1u32, 3]))
        .try_collect()
        .await
        .expect("all items");
    all.sort();
    assert_eq!(all, ["<1><2>", "<2>", "<4>", "<6>"]);
}

/// Returns a component with a function from one type to another.
fn converter(from: &str, to: &str, version: &str) -> Component {
    let core = |ty: &str| if ty == "u64" { "i64" } else { "i32" };
    let text = format!(
        r#"(component
            (core module $m (func (export "step") (param {}) (result {}) ({}.const 7)))
            (core instance $i (instantiate $m))
            (func (export "step") (param "n" {from}) (result {to}) (canon lift (core func $i "step"))))"#,
        core(from),
        core(to),
        core(to)
    );
    wat("step", &text).with_version(version.parse().expect("a version"))
}

async fn assert_ends_unchanged(pipeline: PipelineDeployment) {
    let typed = pipeline.typed::<u32, u32>().expect("its types");
    for (stage, component) in [
        ("first", converter("u64", "u32", "2.0.0")),
        ("second", converter("u32", "u64", "2.0.0")),
    ] {
        let error = pipeline
            .update(stage, component)
            .await
            .expect_err("another type");
        assert_eq!(error.code(), "world-changed", "{error}");
        assert_eq!(
            typed.call(1).await.expect("the pipeline keeps serving"),
            Some(7)
        );
    }
    let same = converter("u32", "u32", "2.0.0");
    pipeline
        .update("second", same)
        .await
        .expect("the same types");
    assert_eq!(typed.call(1).await.expect("the same handle"), Some(7));
}

/// No update changes the input or output types, with a typed handle or without.
#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_that_would_change_the_ends_is_refused() {
    for options in [StageOptions::new(), StageOptions::new().concurrency(2)] {
        let host = host();
        let pipeline = builder()
            .add_component_with("first", converter("u32", "u32", "1.0.0"), options.clone())
            .add_component_with("second", converter("u32", "u32", "1.0.0"), options)
            .connect("first.output", "second.input");
        assert_ends_unchanged(deploy(&host, pipeline).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_handle_of_a_removed_pipeline_fails() {
    let host = host();
    let pipeline = deploy(&host, chain(&["double"])).await;
    let typed = pipeline.typed::<u32, u32>().expect("its types");
    pipeline.remove().await.expect("removed");
    assert_eq!(
        typed.call(1).await.expect_err("gone").kind(),
        ErrorKind::NotDeployed
    );
    assert_eq!(typed.run(stream::iter([1u32])).count().await, 0);
}
