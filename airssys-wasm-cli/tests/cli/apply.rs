//! `apply` and `diff`: deployments and pipelines from a file.

use super::support::{CommandOutput, HostProcess, TestDir, guest_path};

impl TestDir {
    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path().join(file), text).expect("written");
    }

    fn lock(&self) -> String {
        std::fs::read_to_string(self.path().join("deployments.lock")).expect("there")
    }
}

/// Starts a host process with version 1.0.0 of the greeter published.
fn serve_with_published_greeter() -> (TestDir, HostProcess) {
    let place = TestDir::new();
    let process = place.serve();
    place.run(&["publish", &guest_path("greeter-v1")]).ok();
    (place, process)
}

#[test]
fn apply_deploys_the_file_and_pins_resolved_versions() {
    let (place, _process) = serve_with_published_greeter();
    place.write(
        "deployments.toml",
        "[deployments.hello]\ncomponent = \"greeter\"\n",
    );
    let told = place.run(&["diff"]).failed(1);
    assert!(
        told.contains("the deployments differ from the file"),
        "{told}"
    );
    assert!(place.run(&["list"]).ok().contains("nothing is deployed"));
    assert_eq!(
        place.run(&["apply", "--dry-run"]).ok(),
        "hello: would deploy"
    );
    assert!(
        place
            .run(&["apply", "--locked"])
            .failed(1)
            .contains("would change")
    );
    assert_eq!(place.run(&["apply"]).ok(), "hello: deploy");
    assert!(
        place.lock().contains("version = \"1.0.0\""),
        "{}",
        place.lock()
    );
    assert_eq!(place.run(&["apply", "--locked"]).ok(), "hello: unchanged");

    place.run(&["publish", &guest_path("greeter-v2")]).ok();
    assert_eq!(
        place.run(&["diff"]).ok(),
        "hello: unchanged",
        "the lock file pins the version"
    );
    let told = place.run(&["apply", "--upgrade"]).ok();
    assert!(
        told.starts_with("hello: update\n    component: 1.0.0 (sha256:"),
        "{told}"
    );
    assert_eq!(
        place.run(&["call", "hello", "greet(\"Ada\")"]).ok(),
        "\"Good day, Ada!\""
    );
    place.run(&["rollback", "hello"]).ok();
    assert!(
        place.run(&["apply"]).ok().contains("hello: update"),
        "the file requires the newer version"
    );

    let moved = place.lock().replace("sha256:", "sha256:0");
    place.write("deployments.lock", &moved);
    assert!(
        place
            .run(&["apply"])
            .failed(4)
            .contains("the version was moved")
    );
}

#[test]
fn apply_sets_grants_and_limits_but_lifts_no_revocation() {
    let place = TestDir::new();
    let _process = place.serve();
    let component = guest_path("greeter-v1");
    let file = |more: &str| {
        place.write(
            "deployments.toml",
            &format!("[deployments.hello]\ncomponent = \"{component}\"\n{more}"),
        );
    };
    file("grants.allow = [\"config a value=1\"]");
    place.run(&["apply"]).ok();
    file("grants.allow = [\"config a value=2\", \"config b value=1\"]\ninstancing = \"pooled 2\"");
    let told = place.run(&["apply"]).ok();
    for line in [
        "~ allow config a (value changed)",
        "+ allow config b",
        "instancing: per-call -> pooled 2",
    ] {
        assert!(told.contains(line), "{told}");
    }
    file("grants.allow = [\"config b value=1\"]\nlimits.call-deadline = \"5s\"");
    let told = place.run(&["apply", "--dry-run"]).ok();
    for line in [
        "- allow config a",
        "limits changed",
        "instancing: pooled 2 -> per-call",
    ] {
        assert!(told.contains(line), "{told}");
    }
    place.run(&["apply"]).ok();
    place.run(&["caps", "revoke", "hello", "config b"]).ok();
    let told = place.run(&["apply"]).failed(5);
    assert!(
        told.contains("`config b` was revoked from `hello`") && told.contains("--grant-again"),
        "{told}"
    );
    assert!(
        place
            .run(&["caps", "show", "hello"])
            .ok()
            .contains("revoked   config b")
    );
    let told = place.run(&["apply", "--grant-again"]).ok();
    assert!(told.contains("granted again: config b"), "{told}");
    assert_eq!(place.run(&["diff"]).ok(), "hello: unchanged");
}

#[test]
fn linked_deployments_are_ordered_and_a_failure_stops_no_other() {
    let place = TestDir::new();
    let _process = place.serve();
    let (caller, store, greeter) = (
        guest_path("store-caller"),
        guest_path("store-v1"),
        guest_path("greeter-v1"),
    );
    place.write(
        "deployments.toml",
        &format!(
            "[deployments.a-caller]\ncomponent = \"{caller}\"\n\
             grants.allow = [\"call acme:store/kv\"]\n[deployments.store]\ncomponent = \"{store}\"\n\
             [deployments.bad]\ncomponent = \"{greeter}\"\ninstancing = \"sometimes\"\n\
             [deployments.good]\ncomponent = \"{greeter}\"\n"
        ),
    );
    let told = place.run(&["apply"]);
    assert!(
        told.stdout.contains("store: deploy\n") && told.stdout.contains("a-caller: deploy"),
        "{told:?}"
    );
    assert!(told.stdout.contains("good: deploy"), "{told:?}");
    assert!(told.failed(2).contains("`bad`: "));
    place.write(
        "deployments.toml",
        "[deployments.good]\ncomponent = \"./gone.wasm\"\n",
    );
    assert!(place.run(&["apply"]).failed(2).contains("gone.wasm"));
    place.write("deployments.toml", "");
    assert_eq!(
        place.run(&["apply"]).ok(),
        "the file has no deployments and no pipelines"
    );
    assert!(
        place.run(&["list"]).ok().contains("a-caller"),
        "deployments that are not in the file stay"
    );
}

#[test]
fn apply_deploys_updates_and_recreates_pipelines() {
    let place = TestDir::new();
    let _process = place.serve();
    place.write_pipeline("sums");
    place.write(
        "deployments.toml",
        "[pipelines.sums]\nfile = \"sums.toml\"\n",
    );
    assert_eq!(place.run(&["apply"]).ok(), "sums: deploy");
    assert!(
        place.lock().contains("[components.\"sums:double\"]"),
        "{}",
        place.lock()
    );
    assert_eq!(place.run(&["apply"]).ok(), "sums: unchanged");
    place.write(
        "deployments.toml",
        "[pipelines.sums]\nfile = \"sums.toml\"\ngrants.last.allow = [\"config a value=1\"]\n",
    );
    let told = place.run(&["apply"]).ok();
    assert_eq!(told, "sums: update\n    last: + allow config a");
    let pipeline = std::fs::read_to_string(place.path().join("sums.toml")).expect("there");
    place.write(
        "sums.toml",
        &pipeline.replace("concurrency = 2", "concurrency = 3"),
    );
    let told = place.run(&["apply"]).failed(4);
    assert!(told.contains("--recreate"), "{told}");
    place.run(&["caps", "revoke", "sums:last", "config a"]).ok();
    let told = place.run(&["apply", "--recreate"]).failed(5);
    assert!(told.contains("was revoked from `sums:last`"), "{told}");
    let again = ["apply", "--recreate", "--grant-again"];
    let broken = pipeline.replace(
        "function = \"spell\"",
        "function = \"spell\"\nretry = { attempts = 3 }",
    );
    place.write("sums.toml", &broken);
    place.run(&again).failed(2);
    assert_eq!(
        place.run(&["pipeline", "run", "sums", "\"4\""]).ok(),
        "\"<8>\"",
        "it was not removed"
    );
    place.write(
        "sums.toml",
        &pipeline.replace("concurrency = 2", "concurrency = 3"),
    );
    assert_eq!(place.run(&again).ok(), "sums: recreate");
    assert_eq!(
        place.run(&["pipeline", "run", "sums", "\"4\""]).ok(),
        "\"<8>\""
    );
    assert_eq!(place.run(&["diff"]).ok(), "sums: unchanged");
}

/// Runs a command with `--dry-run`.
fn dry_run(place: &TestDir, arguments: &[&str]) -> CommandOutput {
    place.run(&[arguments, &["--dry-run"]].concat())
}

#[test]
fn dry_runs_deploy_and_publish_nothing() {
    let place = TestDir::new();
    let _process = place.serve();
    let greeter = guest_path("greeter-v1");
    place.write_pipeline("sums");
    assert!(
        dry_run(&place, &["deploy", &greeter])
            .ok()
            .starts_with("would deploy greeter 1.0.0 (sha256:")
    );
    assert!(
        dry_run(&place, &["publish", &greeter])
            .ok()
            .starts_with("would publish greeter 1.0.0")
    );
    assert!(
        dry_run(&place, &["pipeline", "deploy", "sums.toml"])
            .ok()
            .contains("pipeline sums with 3 stages")
    );
    assert!(place.run(&["list"]).ok().contains("nothing is deployed"));
    assert!(place.run(&["search"]).ok().contains("nothing is published"));
}

/// Every command that changes something has a dry run.
#[test]
fn dry_runs_describe_changes_and_change_nothing() {
    let place = TestDir::new();
    let _process = place.serve();
    let greeter = guest_path("greeter-v1");
    place.write_pipeline("sums");
    place
        .run(&["deploy", &greeter, "--grant", "config a value=1"])
        .ok();
    place.run(&["publish", &greeter]).ok();
    place.run(&["pipeline", "deploy", "sums.toml"]).ok();
    let state = || {
        (
            place.run(&["history"]).ok(),
            place.run(&["status", "greeter"]).ok(),
        )
    };
    let before = state();
    check_dry_runs_of_a_deployment(&place);
    check_dry_runs_of_a_pipeline(&place);
    check_dry_runs_that_fail(&place);
    assert_eq!(before, state());
    let json = dry_run(&place, &["remove", "greeter", "--output", "json"]).ok();
    assert_eq!(
        json,
        "{\"would\":\"remove greeter with its revisions and grants\"}"
    );
}

fn check_dry_runs_of_a_deployment(place: &TestDir) {
    assert!(
        dry_run(place, &["update", "greeter", &guest_path("greeter-v2")])
            .ok()
            .starts_with("would update to greeter 2.0.0")
    );
    let grant = ["caps", "grant", "greeter", "--grant", "config b value=1"];
    assert!(dry_run(place, &grant).ok().contains("greeter"));
    assert!(
        dry_run(place, &["caps", "revoke", "greeter", "config a"])
            .ok()
            .contains("which affects config a")
    );
    assert!(
        dry_run(place, &["remove", "greeter"])
            .ok()
            .contains("remove greeter")
    );
}

fn check_dry_runs_of_a_pipeline(place: &TestDir) {
    assert!(
        dry_run(place, &["pipeline", "remove", "sums"])
            .ok()
            .contains("sums")
    );
    let stage = guest_path("plain-stages");
    assert!(
        dry_run(place, &["pipeline", "update", "sums", "last", &stage])
            .ok()
            .starts_with("would update to sums:last")
    );
}

fn check_dry_runs_that_fail(place: &TestDir) {
    let greeter = guest_path("greeter-v1");
    assert!(
        dry_run(place, &["deploy", &greeter])
            .failed(4)
            .contains("deployed already")
    );
    assert!(
        dry_run(place, &["update", "greeter", &greeter])
            .failed(4)
            .contains("1.0.0")
    );
    assert!(
        dry_run(place, &["rollback", "greeter"])
            .failed(3)
            .contains("no revision")
    );
    assert!(
        dry_run(place, &["remove", "sums:last"])
            .failed(4)
            .contains("sums")
    );
}
