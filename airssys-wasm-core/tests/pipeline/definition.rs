//! Pipelines as TOML and JSON: round trips, positions of errors, and the schema.

use airssys_wasm_core::pipeline::{Condition, PipelineDefinition, ProblemKind};
use airssys_wasm_core::world::{Field, Type};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::components::{TEXT, component, rich};

#[test]
fn a_pipeline_is_built_again_from_its_text() {
    let pipeline = rich().build().expect("a pipeline");
    let definition = pipeline.definition();
    let toml = PipelineDefinition::from_toml(&definition.to_toml()).expect("its own TOML");
    let json = PipelineDefinition::from_json(&definition.to_json()).expect("its own JSON");
    assert_eq!((&toml, &json), (definition, definition));
    let find = |reference: &str| {
        let mut components = pipeline.stages().iter().map(|stage| stage.component());
        let found = components.find(|component| {
            component
                .name()
                .is_some_and(|name| name.as_str() == reference)
        });
        found.cloned().ok_or_else(|| "unknown".to_owned())
    };
    let again = toml
        .resolve(find)
        .expect("components")
        .build()
        .expect("a pipeline");
    assert_eq!(again.definition(), definition);
    assert_eq!(again.edges(), pipeline.edges());
    assert_eq!(again.explain().to_string(), pipeline.explain().to_string());
}

#[test]
fn toml_is_golden() {
    let text = rich().build().expect("a pipeline").definition().to_toml();
    insta::assert_snapshot!(text);
}

#[test]
fn stages_keep_their_order() {
    let toml = "[stages.zebra]\ncomponent = 'z'\n[stages.ape]\ncomponent = 'a'\n";
    let definition = PipelineDefinition::from_toml(toml).expect("a definition");
    for definition in [
        PipelineDefinition::from_toml(&definition.to_toml()).expect("TOML"),
        PipelineDefinition::from_json(&definition.to_json()).expect("JSON"),
    ] {
        let names: Vec<&str> = definition.stages().map(|(name, _)| name).collect();
        assert_eq!(names, ["zebra", "ape"]);
    }
}

#[test]
fn errors_in_a_definition_have_a_position() {
    for (text, line, expected) in [
        ("", 1, "missing field `stages`"),
        ("nmae = 'x'\n[stages]", 1, "unknown field `nmae`"),
        (
            "[stages.a]\ncomponent = 'a'\ncolour = 1",
            3,
            "unknown field `colour`",
        ),
        (
            "[stages.a]\nconcurrency = 1",
            1,
            "missing field `component`",
        ),
        (
            "[stages.a]\ncomponent = 'a'\nconcurrency = -1",
            3,
            "invalid value",
        ),
        (
            "[stages.a]\ncomponent = 'a'\non-error = 'ignore'",
            3,
            "unknown variant",
        ),
        (
            "[stages.a]\ncomponent = 'a'\ndeadline = 'soon'",
            3,
            "is not a duration",
        ),
        ("[stages.a]\ncomponent = 'a'\n[stages.a]\n", 3, "duplicate"),
        ("[stages]\n[[connect]]\nfrom = 'a'", 2, "missing field `to`"),
        ("[stages", 1, ""),
    ] {
        let error = PipelineDefinition::from_toml(text).expect_err(text);
        assert!(error.problem.contains(expected), "{text}: {error}");
        assert_eq!(error.line, line, "{text}: {error}");
    }
    for (text, column, expected) in [
        (
            r#"{"stages": {"a": {"component": "a", "colour": 1}}}"#,
            44,
            "unknown field `colour`",
        ),
        (
            r#"{"stages": {"a": {"component": "a"}, "a": {"component": "b"}}}"#,
            40,
            "duplicate stage `a`",
        ),
        (r#"{"stages": {}"#, 13, "EOF"),
    ] {
        let error = PipelineDefinition::from_json(text).expect_err(text);
        assert!(error.problem.contains(expected), "{text}: {error}");
        assert_eq!((error.line, error.column), (1, column), "{text}: {error}");
    }
}

#[test]
fn all_unresolved_components_are_reported() {
    let text = "[stages.a]\ncomponent = 'a.wasm'\n[stages.b]\ncomponent = 'b.wasm'\n[stages.c]\ncomponent = 'c'";
    let definition = PipelineDefinition::from_toml(text).expect("a definition");
    let only_c = |reference: &str| {
        if reference == "c" {
            Ok(component(TEXT))
        } else {
            Err("no such file".into())
        }
    };
    let errors = definition.resolve(only_c).expect_err("two are missing");
    assert_eq!(
        errors
            .iter()
            .filter(|problem| problem.kind() == ProblemKind::Component)
            .count(),
        2
    );
    assert!(
        errors
            .to_string()
            .contains("stage `a`: no component `a.wasm`: no such file"),
        "{errors}"
    );
}

/// Every key of the JSON form is in the schema, and every key of the schema is in the form.
#[test]
fn the_schema_matches_the_json_form() {
    let schema: Json = serde_json::from_str(PipelineDefinition::schema()).expect("JSON");
    let full = r#"{
        "name": "a", "in-flight-max": 1, "deadline": "1s", "input": ["a.b"], "output": ["a.b"],
        "stages": {"a": {
            "component": "a", "function": "f", "concurrency": 1, "order": "kept", "queue-max": 1,
            "deadline": "1s", "on-error": "fail", "on-failure": "skip", "idempotent": true,
            "per-chunk": 8, "retry": {"attempts": 1, "backoff": "1s"}
        }},
        "connect": [{"from": "a.b", "to": "c.d", "when": "x"}],
        "partition": [{"from": "a.b", "by": "x", "to": ["c.d"]}]
    }"#;
    let definition = PipelineDefinition::from_json(full).expect("a definition");
    let written: Json = serde_json::from_str(&definition.to_json()).expect("JSON");
    assert_eq!(
        written,
        serde_json::from_str::<Json>(full).expect("JSON"),
        "no key is lost"
    );
    same_keys(&schema, &written, "");
    same_keys(&schema["$defs"]["stage"], &written["stages"]["a"], "stage");
    same_keys(
        &schema["$defs"]["stage"]["properties"]["retry"],
        &written["stages"]["a"]["retry"],
        "retry",
    );
    same_keys(
        &schema["$defs"]["connection"],
        &written["connect"][0],
        "connect",
    );
    same_keys(
        &schema["$defs"]["partition"],
        &written["partition"][0],
        "partition",
    );
    for (place, words) in [
        ("order", &["kept", "as-finished"][..]),
        ("on-error", &["fail", "skip", "dead-letter"]),
    ] {
        for word in words {
            let mut changed = written.clone();
            changed["stages"]["a"][place] = Json::from(*word);
            assert!(
                PipelineDefinition::from_json(&changed.to_string()).is_ok(),
                "{place} {word}"
            );
        }
    }
}

/// Checks that the form has exactly the keys of the schema, and that the schema allows no others.
fn same_keys(schema: &Json, written: &Json, place: &str) {
    let keys = |json: &Json| -> Vec<String> {
        let mut keys: Vec<String> = json.as_object().expect(place).keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&schema["properties"]), keys(written), "{place}");
    assert_eq!(schema["additionalProperties"], Json::from(false), "{place}");
}

fn any_definition() -> impl Strategy<Value = String> {
    let port = "[a-c](\\.[a-d]{1,3}){0,2}";
    let connection = (port, port, prop::option::of("[ -~]{0,12}")).prop_map(|(from, to, when)| {
        let mut json = serde_json::json!({ "from": from, "to": to });
        if let Some(when) = when {
            json["when"] = when.into();
        }
        json
    });
    let partition = (port, "[a-z.]{0,6}", prop::collection::vec(port, 0..3))
        .prop_map(|(from, by, to)| serde_json::json!({ "from": from, "by": by, "to": to }));
    let stage = (
        ".{0,8}",
        prop::option::of(0..9u32),
        prop::option::of(0..9_000_000u64),
    )
        .prop_map(|(component, concurrency, deadline)| {
            let mut json = serde_json::json!({ "component": component, "on-error": "skip" });
            if let Some(concurrency) = concurrency {
                json["concurrency"] = concurrency.into();
            }
            if let Some(micros) = deadline {
                json["deadline"] = format!("{micros}us").into();
            }
            json
        });
    let stages = prop::collection::btree_map(".{0,6}", stage, 0..4);
    let edges = (
        prop::collection::vec(connection, 0..4),
        prop::collection::vec(partition, 0..3),
    );
    (".{0,8}", stages, edges).prop_map(|(name, stages, (connect, partition))| {
        serde_json::json!({ "name": name, "stages": stages, "connect": connect, "partition": partition })
            .to_string()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_definition_is_read_back_from_both_texts(text in any_definition()) {
        let definition = PipelineDefinition::from_json(&text);
        prop_assert!(definition.is_ok(), "{}: {:?}", text, definition);
        if let Ok(definition) = definition {
            let toml = PipelineDefinition::from_toml(&definition.to_toml());
            prop_assert_eq!(toml.as_ref(), Ok(&definition), "{}", definition.to_toml());
            prop_assert_eq!(PipelineDefinition::from_json(&definition.to_json()), Ok(definition));
        }
    }

    /// Any definition with existing components gives either a pipeline or a report.
    #[test]
    fn no_definition_makes_the_builder_panic(text in any_definition()) {
        let step = component(TEXT);
        let definition = PipelineDefinition::from_json(&text).expect("a definition");
        let builder = definition.resolve(|_| Ok(step.clone())).expect("components");
        match builder.build() {
            Ok(pipeline) => prop_assert_eq!(pipeline.definition(), &definition),
            Err(errors) => prop_assert!(errors.len() > 0 && !errors.to_string().is_empty()),
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        for result in [PipelineDefinition::from_toml(&text), PipelineDefinition::from_json(&text)] {
            if let Err(error) = result {
                prop_assert!(!error.to_string().contains(char::is_control), "{:?}", error);
            }
        }
    }

    #[test]
    fn no_condition_makes_the_parser_panic(
        text in prop_oneof![any::<String>(), "(kind|count|)[ .]{0,2}(==|!=|<|>=|=)?[ -~]{0,8}"],
    ) {
        let enumeration = Type::Enum(vec!["good".into(), "bad".into()]);
        let field = |name: &str, ty: Type| Field { name: name.into(), ty };
        let ty = Type::Record(vec![field("kind", enumeration), field("count", Type::F32)]);
        if let Err(error) = Condition::new(&text, &ty) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}", error);
        }
    }
}
