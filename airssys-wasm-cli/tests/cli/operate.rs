//! Operators' commands: deploy, call, update under load, roll back, grants.

use super::support::{TestDir, guest_path};

#[test]
fn deploy_update_and_rollback() {
    let place = TestDir::new();
    let process = place.serve();
    let deployed = place.run(&["deploy", &guest_path("greeter-v1")]).ok();
    assert!(
        deployed.starts_with("greeter: revision 1 (1.0.0) is active after "),
        "{deployed}"
    );
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
    let updated = place
        .run(&[
            "update",
            "greeter@v2.0.0",
            &guest_path("greeter-v2"),
            "--strategy",
            "blue-green",
        ])
        .ok();
    assert!(
        updated.starts_with("greeter: revision 2 (2.0.0) is active"),
        "{updated}"
    );
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Good day, Ada!\""
    );
    let back = place
        .run(&["rollback", "greeter", "--to-version", "v1.0.0"])
        .ok();
    assert!(
        back.starts_with("greeter: revision 1 (1.0.0) is active"),
        "{back}"
    );
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
    process.kill();

    let _process = place.serve();
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
    let history = place.run(&["history", "greeter"]).ok();
    let words: Vec<&str> = history
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().nth(2))
        .collect();
    assert_eq!(words, ["deployed", "updated", "rolled-back"]);
    place.run(&["remove", "greeter"]).ok();
    assert_eq!(
        place.run(&["list"]).ok(),
        "nothing is deployed; deploy a component with `airssys-wasm deploy FILE`"
    );
}

#[test]
fn an_update_under_load_drops_no_call() {
    let place = TestDir::new();
    let _process = place.serve();
    place
        .run(&[
            "deploy",
            &guest_path("greeter-v1"),
            "--instancing",
            "pooled 4",
        ])
        .ok();
    let mut load = place.command(&[
        "bench-call",
        "greeter",
        "greet(\"Ada\")",
        "--time",
        "2s",
        "--output",
        "json",
    ]);
    let load = load
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    for component in ["greeter-v2", "greeter-v1", "greeter-v2"] {
        std::thread::sleep(std::time::Duration::from_millis(300));
        place
            .run(&["update", "greeter", &guest_path(component), "--any-version"])
            .ok();
    }
    place.run(&["rollback", "greeter"]).ok();
    let output = load.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let measured: serde_json::Value = serde_json::from_slice(&output.stdout).expect("json");
    assert_eq!(measured["failed"], 0, "{measured}");
    assert_eq!(
        measured["answers"].as_object().expect("answers").len(),
        2,
        "{measured}"
    );
}

#[test]
fn grants_are_shown_added_and_revoked() {
    let place = TestDir::new();
    let _process = place.serve();
    let attempt = |key: &str| {
        place.run(&[
            "call",
            "attack-probe",
            &format!("attempt(\"config\", [\"{key}\"])"),
        ])
    };
    let read = |key: &str| attempt(key).ok();
    let refused = |key: &str| attempt(key).exited_with(1);
    place
        .run(&[
            "deploy",
            &guest_path("attack-probe"),
            "--grant",
            "config a value=1",
        ])
        .ok();
    assert_eq!(
        (read("a").as_str(), refused("b").as_str()),
        ("ok(\"1\")", "err(\"no such key\")")
    );
    place
        .run(&[
            "caps",
            "grant",
            "attack-probe",
            "--grant",
            "config b value=2",
        ])
        .ok();
    assert_eq!(
        (read("a").as_str(), read("b").as_str()),
        ("ok(\"1\")", "ok(\"2\")")
    );
    assert_eq!(
        place
            .run(&["caps", "revoke", "attack-probe", "config a"])
            .ok(),
        "revoked from  config a"
    );
    assert_eq!(
        (refused("a").as_str(), read("b").as_str()),
        ("err(\"no such key\")", "ok(\"2\")")
    );
    let shown = place.run(&["caps", "show", "attack-probe"]).ok();
    assert!(
        shown.contains("granted   config b") && shown.contains("revoked   config a"),
        "{shown}"
    );
    assert!(!shown.contains("value="), "values are not shown: {shown}");
    let audit = place
        .run(&["caps", "audit", "attack-probe", "--last", "1"])
        .ok();
    assert!(
        audit.contains("\"decision\":\"allowed\"") && audit.contains("\"target\":\"b\""),
        "{audit}"
    );
}

#[test]
fn audit_only_learns_the_grants_a_component_needs() {
    let place = TestDir::new();
    let _process = place.serve();
    let probe = guest_path("attack-probe");
    place
        .run(&[
            "deploy",
            &probe,
            "--audit-only",
            "--grant",
            "config a value=1",
            "--grant",
            "config b value=2",
        ])
        .ok();
    place
        .run(&["call", "attack-probe", "attempt(\"config\", [\"a\"])"])
        .ok();
    let learned = place.run(&["caps", "learn", "attack-probe"]).ok();
    assert_eq!(learned, "allow = [\n    \"config a value=1\",\n]");
    let file = place.path().join("grants.toml");
    std::fs::write(&file, learned).expect("written");
    place
        .run(&[
            "deploy",
            &probe,
            "--name",
            "least",
            "--grants",
            file.to_str().expect("text"),
        ])
        .ok();
    assert_eq!(
        place
            .run(&["call", "least", "attempt(\"config\", [\"a\"])"])
            .ok(),
        "ok(\"1\")"
    );
    let refused = place
        .run(&["call", "least", "attempt(\"config\", [\"b\"])"])
        .exited_with(1);
    assert_eq!(refused, "err(\"no such key\")");
    place.run(&["caps", "learn", "least"]).failed(2);
}

#[test]
fn a_rule_revoked_in_a_file_of_grants_is_denied() {
    let place = TestDir::new();
    let _process = place.serve();
    let file = place.path().join("grants.toml");
    let grants = "allow = [\"config a value=1\", \"config b value=2\"]\nrevoked = [\"config a\"]\n";
    std::fs::write(&file, grants).expect("written");
    let file = file.to_str().expect("text");
    let probe = guest_path("attack-probe");
    place.run(&["deploy", &probe, "--grants", file]).ok();
    let attempt = |key: &str| format!("attempt(\"config\", [\"{key}\"])");
    let allowed = place.run(&["call", "attack-probe", &attempt("b")]).ok();
    assert_eq!(allowed, "ok(\"2\")");
    let denied = place.run(&["call", "attack-probe", &attempt("a")]);
    assert_eq!(denied.exited_with(1), "err(\"no such key\")");
}

#[test]
fn the_status_lists_the_terms_that_are_not_defaults() {
    let place = TestDir::new();
    let _process = place.serve();
    let greeter = guest_path("greeter-v1");
    let limits = ["--limit", "call-deadline=5s", "--limit", "handles-max=70"];
    place
        .run(&[&["deploy", &greeter, "--audit-only"], &limits[..]].concat())
        .ok();
    let update = ["update", "greeter", &greeter, "--any-version"];
    place
        .run(&[&update[..], &["--limit", "handles-max=80"]].concat())
        .ok();
    let status = place.run(&["status", "greeter"]).ok();
    for line in [
        "grants       audited, not enforced",
        "limit        call-deadline=5s",
        "limit        handles-max=80",
    ] {
        assert!(status.contains(line), "{status}");
    }
    assert_eq!(status.matches("limit  ").count(), 2, "{status}");
}

#[test]
fn a_grant_needs_a_rule() {
    let place = TestDir::new();
    let _process = place.serve();
    place.run(&["deploy", &guest_path("greeter-v1")]).ok();
    let told = place.run(&["caps", "grant", "greeter"]).failed(2);
    assert!(told.contains("no rule is given"), "{told}");
    place
        .run(&["caps", "grant", "greeter", "--run-with-less"])
        .failed(2);
}

#[test]
fn the_difference_in_requests_is_shown() {
    let place = TestDir::new();
    let _process = place.serve();
    let declared = guest_path("capabilities-declared");
    let deploy = ["deploy", &declared, "--name", "one", "--run-with-less"];
    place.run(&deploy).ok();
    assert_eq!(
        place.run(&["caps", "diff", "one", &declared]).ok(),
        "no difference in requests"
    );
    let told = place
        .run(&["caps", "diff", "one", &guest_path("greeter-v1")])
        .ok();
    assert!(told.contains("- "), "{told}");
}

#[test]
fn a_file_is_run_and_inspected_without_a_host_process() {
    let place = TestDir::new();
    let greeter = guest_path("greeter-v1");
    assert_eq!(
        place.run(&["run", &greeter, "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
    assert_eq!(
        place.run(&["run", &greeter]).ok(),
        "demo:greeter/api#greet: func(name: string) -> string"
    );
    let inspected = place.run(&["inspect", &greeter]).ok();
    assert!(
        inspected.contains("name         greeter\nversion      1.0.0\n"),
        "{inspected}"
    );
    assert!(!place.state().exists(), "no state is stored");
}

#[test]
fn json_output_is_machine_readable() {
    let place = TestDir::new();
    let _process = place.serve();
    let json = |arguments: &[&str]| -> serde_json::Value {
        let ran = place.run(&[arguments, &["--output", "json"]].concat());
        serde_json::from_str(&ran.ok()).expect("json")
    };
    let deployed = json(&["deploy", &guest_path("greeter-v1")]);
    assert_eq!(
        (&deployed["name"], &deployed["revision"]),
        (&"greeter".into(), &1.into())
    );
    assert_eq!(json(&["list"])["deployments"][0]["version"], "1.0.0");
    assert_eq!(
        json(&["status", "greeter"])["serving"]["limits"]["memory-bytes-max"],
        "256MiB"
    );
    assert_eq!(
        json(&["call", "greeter", "greet(\"Ada\")"])["result"],
        "\"Hello, Ada!\""
    );
    assert_eq!(json(&["history"])[0]["action"], "deployed");
    let refused = place.run(&["remove", "other", "--output", "json"]);
    let problem: serde_json::Value = serde_json::from_str(&refused.stderr).expect("json");
    assert_eq!(
        (refused.code, &problem["error"]["kind"]),
        (3, &"not-deployed".into())
    );
    let refused = place.run(&[
        "update",
        "greeter",
        &guest_path("greeter-v1"),
        "--output",
        "json",
    ]);
    let problem: serde_json::Value = serde_json::from_str(&refused.stderr).expect("json");
    assert_eq!(
        (
            refused.code,
            &problem["error"]["kind"],
            &problem["error"]["phase"]
        ),
        (4, &"version-not-newer".into(), &"check-version".into())
    );
}

#[test]
fn values_can_be_json() {
    let place = TestDir::new();
    let stages = guest_path("plain-stages");
    assert_eq!(
        place.run(&["run", &stages, "spell(10)", "--json"]).ok(),
        "\"<1><0>\""
    );
    assert_eq!(
        place.run(&["run", &stages, "parse(\"7\")", "--json"]).ok(),
        "{\"ok\":7}"
    );
    let _process = place.serve();
    place.run(&["deploy", &stages, "--name", "stages"]).ok();
    assert_eq!(
        place.run(&["call", "stages", "double(21)", "--json"]).ok(),
        "42"
    );
    let json = place
        .run(&["call", "stages", "double(21)", "--json", "--output", "json"])
        .ok();
    assert_eq!(json, "{\"result\":42,\"json\":true}");
    let problem = place
        .run(&["call", "stages", "double(\"x\")", "--json"])
        .failed(2);
    assert!(
        problem.contains("expected `u32`, found `\"x\"`"),
        "{problem}"
    );
    assert!(
        place
            .run(&["call", "stages", "double(some)", "--json"])
            .failed(2)
            .contains("not valid JSON")
    );
}

#[test]
fn explain_gives_the_reason_for_a_decision() {
    let place = TestDir::new();
    let _process = place.serve();
    place
        .run(&[
            "deploy",
            &guest_path("greeter-v1"),
            "--grant",
            "config a value=1",
        ])
        .ok();
    let allowed = place.run(&["caps", "explain", "greeter", "config a"]).ok();
    assert!(
        allowed.contains("allowed by `config a`") && !allowed.contains("value=1"),
        "{allowed}"
    );
    let denied = place
        .run(&[
            "caps",
            "explain",
            "greeter",
            "http https://api.example.com/v1",
        ])
        .ok();
    assert!(
        denied.contains("denied: not granted") && denied.contains("grant it: http GET"),
        "{denied}"
    );
    let problem = place
        .run(&["caps", "explain", "greeter", "file-raed /a"])
        .failed(2);
    assert!(problem.contains("did you mean `file-read`?"), "{problem}");
}

#[test]
fn a_file_shows_its_world() {
    let place = TestDir::new();
    let greeter = guest_path("greeter-v1");
    let wit = place.run(&["inspect", &greeter, "--wit"]).ok();
    assert!(
        wit.contains("world root {") && wit.contains("greet: func(name: string"),
        "{wit}"
    );
}
