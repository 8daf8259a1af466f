//! Fused chains of a guest's functions return the same results as the functions called one by one.

use std::sync::LazyLock;

use airssys_wasm_core::Component;
use airssys_wasm_core::fuse::Chain;
use airssys_wasm_host::wasmtime::component::{Component as Compiled, Val};
use airssys_wasm_tests::guests::path;
use proptest::prelude::*;
use proptest::sample::Index;

use super::runner::{Runner, compile};

static STAGES: LazyLock<(Component, Compiled)> = LazyLock::new(|| {
    let bytes = std::fs::read(path("plain-stages")).expect("built");
    let compiled = compile(&bytes);
    (Component::from_bytes(bytes).expect("a component"), compiled)
});

/// Functions with their parameter type, their result type, and `true` if they may fail.
const FUNCTIONS: [(&str, &str, &str, bool); 16] = [
    ("count", "string", "u32", false),
    ("double", "u32", "u32", false),
    ("spell", "u32", "string", false),
    ("upper", "string", "string", false),
    ("say", "string", "string", false),
    ("bytes", "string", "bytes", false),
    ("reverse", "bytes", "bytes", false),
    ("describe", "string", "note", false),
    ("render", "note", "string", false),
    ("widen", "string", "wide", false),
    ("narrow", "wide", "string", false),
    ("parse", "string", "u32", true),
    ("halve", "u32", "u32", true),
    ("check", "u32", "", true),
    ("remember", "string", "string", false),
    ("join", "many", "string", false),
];

fn qualified_name(function: &str) -> String {
    match function {
        "remember" => function.into(),
        function => format!("demo:stages/stages@1.0.0#{function}"),
    }
}

fn fuse(functions: &[&str]) -> Compiled {
    let stages = functions.iter().fold(Chain::new("run"), |chain, function| {
        chain.stage(
            STAGES.0.clone(),
            qualified_name(function).parse().expect("a name"),
        )
    });
    compile(
        &stages
            .fuse()
            .unwrap_or_else(|error| panic!("{functions:?}: {error}")),
    )
}

/// Returns the result of calling the functions one after another, each in its own instance.
fn one_by_one(runners: &mut [Runner], functions: &[&str], params: &[Val]) -> Option<Val> {
    let may_fail = |function: &str| FUNCTIONS.iter().any(|row| row.0 == function && row.3);
    let mut params = params.to_vec();
    let (last, before) = functions.split_last().expect("functions");
    for (function, runner) in before.iter().zip(&mut *runners) {
        let answer = runner
            .call(&qualified_name(function), &params)
            .expect("an answer")
            .expect("a value");
        params = match answer {
            Val::Result(Ok(value)) if may_fail(function) => vec![*value.expect("a value")],
            Val::Result(Err(error)) if may_fail(function) => return Some(Val::Result(Err(error))),
            value => vec![value],
        };
    }
    let answer = runners
        .last_mut()
        .expect("runners")
        .call(&qualified_name(last), &params)
        .expect("an answer");
    let early = before.iter().any(|function| may_fail(function));
    if early && !may_fail(last) {
        Some(Val::Result(Ok(answer.map(Box::new))))
    } else {
        answer
    }
}

fn assert_same_results(functions: &[&str], inputs: &[Vec<Val>]) {
    let mut fused = Runner::new(&fuse(functions));
    let mut runners: Vec<Runner> = functions.iter().map(|_| Runner::new(&STAGES.1)).collect();
    for input in inputs {
        let expected = one_by_one(&mut runners, functions, input);
        let answer = fused.call("run", input).expect("an answer");
        assert_eq!(answer, expected, "{functions:?} of {input:?}");
    }
}

fn text_inputs(texts: &[&str]) -> Vec<Vec<Val>> {
    texts
        .iter()
        .map(|text| vec![Val::String((*text).into())])
        .collect()
}

#[test]
fn chains_of_numbers_and_texts_match() {
    let numbers: Vec<_> = [0, 7, u32::MAX].map(|n| vec![Val::U32(n)]).into();
    assert_same_results(&["double", "double"], &numbers);
    assert_same_results(&["double", "spell", "upper"], &numbers);
    assert_same_results(&["upper", "count"], &text_inputs(&["", "Ada", "grüße ß"]));
    assert_same_results(
        &["bytes", "reverse", "reverse"],
        &text_inputs(&["", "abc", &"long ".repeat(50_000)]),
    );
}

#[test]
fn chains_of_records_variants_and_large_values_match() {
    let inputs = text_inputs(&["", "one", "two words", "it shouts! twice!", "does it ask?"]);
    assert_same_results(&["describe", "render"], &inputs);
    assert_same_results(&["upper", "describe", "render", "count"], &inputs);
    assert_same_results(&["widen", "narrow"], &inputs);
}

#[test]
fn chains_with_many_parameters_match() {
    let text = |text: &str| Val::String(text.into());
    let input = vec![
        text("a"),
        Val::U8(200),
        Val::S64(-3),
        Val::Float32(0.5),
        Val::Float64(-0.25),
        Val::Char('ß'),
        Val::Bool(true),
        text("h"),
        text(""),
        text("j"),
    ];
    assert_same_results(&["join", "upper"], &[input.clone(), input]);
}

#[test]
fn the_first_error_ends_the_chain() {
    let inputs = text_inputs(&["12", "6", "7", "0", "none"]);
    assert_same_results(&["parse", "double"], &inputs);
    assert_same_results(&["parse", "spell"], &inputs);
    assert_same_results(&["parse", "halve"], &inputs);
    assert_same_results(&["parse", "halve", "halve", "check"], &inputs);
    assert_same_results(&["parse", "halve", "spell", "describe"], &inputs);
    assert_same_results(&["upper", "parse"], &inputs);
}

/// Stages share standard output but no state.
#[test]
fn stages_share_wasi_and_no_state() {
    let mut fused = Runner::new(&fuse(&["say", "remember", "remember", "say"]));
    for (input, expected) in [("a", "a"), ("b", "aab")] {
        let answer = fused
            .call("run", &[Val::String(input.into())])
            .expect("an answer");
        assert_eq!(answer, Some(Val::String(expected.into())));
    }
    assert_eq!(fused.output(), "a\na\nb\naab\n");
}

#[test]
fn a_trap_in_a_stage_is_a_trap() {
    let mut fused = Runner::new(&fuse(&["upper", "trap"]));
    let error = fused
        .call("run", &[Val::String("a".into())])
        .expect_err("it traps");
    assert!(format!("{error:?}").contains("unreachable"), "{error:?}");
}

/// Memory of a call is reused by the next: a hundred calls need no more than one.
#[test]
fn a_call_frees_its_memory() {
    let mut fused = Runner::new(&fuse(&["upper", "count"]));
    let text = Val::String("x".repeat(1 << 20));
    for _ in 0..100 {
        let answer = fused
            .call("run", std::slice::from_ref(&text))
            .expect("an answer");
        assert_eq!(answer, Some(Val::U32(1 << 20)));
    }
}

/// Builds a chain from numbers, each of which selects one of the functions that take the previous
/// result.
fn chain(picks: &[Index]) -> Vec<&'static str> {
    let mut chain = Vec::new();
    let mut value = "string";
    for pick in picks {
        let next: Vec<_> = FUNCTIONS.iter().filter(|row| row.1 == value).collect();
        if next.is_empty() {
            break;
        }
        let (name, _, gives, _) = next[pick.index(next.len())];
        chain.push(*name);
        value = gives;
    }
    chain
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 8, ..ProptestConfig::default() })]

    #[test]
    fn any_chain_matches_its_stages_called_one_by_one(
        picks in prop::collection::vec(any::<Index>(), 2..6),
        inputs in prop::collection::vec("[0-9]{1,3}|[a-z!? ]{0,20}|\\PC{0,40}", 1..5),
    ) {
        let chain = chain(&picks);
        prop_assume!(chain.len() >= 2);
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        assert_same_results(&chain, &text_inputs(&inputs));
    }
}
