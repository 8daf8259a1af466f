//! Publishing components, and deploying and updating from published packages.

use super::support::{TestDir, guest_path};

#[test]
fn published_packages_are_deployed_and_updated_by_version() {
    let place = TestDir::new();
    let _process = place.serve();
    for component in ["greeter-v1", "greeter-v2"] {
        place.run(&["publish", &guest_path(component)]).ok();
    }
    assert_eq!(
        place.run(&["search"]).ok(),
        "NAME     VERSIONS\ngreeter  1.0.0 2.0.0"
    );
    place.run(&["deploy", "greeter@^1"]).ok();
    place
        .run(&["deploy", "greeter@v1.0.0", "--name", "other"])
        .ok();
    place
        .run(&["update", "greeter@v2.0.0", "--strategy", "blue-green"])
        .ok();
    place.run(&["update", "other"]).ok();
    for name in ["greeter", "other"] {
        assert_eq!(
            place.run(&["call", name, "greet(\"Ada\")"]).ok(),
            "\"Good day, Ada!\""
        );
    }
    place
        .run(&["rollback", "greeter", "--to-version", "v1.0.0"])
        .ok();
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
}

#[test]
fn a_version_is_published_once_and_pulled_unchanged() {
    let place = TestDir::new();
    let _process = place.serve();
    place.run(&["publish", &guest_path("greeter-v1")]).ok();
    place.run(&["publish", &guest_path("greeter-v1")]).ok();
    let told = place.run(&[
        "publish",
        &guest_path("plain-bindgen"),
        "--name",
        "greeter",
        "--component-version",
        "v1.0.0",
    ]);
    assert!(told.failed(4).contains("is published already"));
    let file = place.path().join("pulled.wasm");
    let pull = ["pull", "greeter", "--to", file.to_str().expect("text")];
    place.run(&pull).ok();
    assert_eq!(
        std::fs::read(&file).expect("written"),
        std::fs::read(guest_path("greeter-v1")).expect("there")
    );
    place.run(&pull).failed(2);
    for (arguments, code, expected) in [
        (
            &["deploy", "greeter@3.0.0"][..],
            3,
            "published versions: 1.0.0",
        ),
        (&["deploy", "greetr"], 3, "did you mean `greeter`?"),
        (
            &["deploy", "greeter@latest"],
            2,
            "neither a version nor a requirement",
        ),
        (&["deploy", "..@1.0.0"], 2, "component name"),
        (
            &["publish", &guest_path("plain-bindgen")],
            2,
            "no name or no version",
        ),
        (
            &["pull", "../../etc/passwd", "--to", "x"],
            2,
            "component name",
        ),
    ] {
        let told = place.run(arguments).failed(code);
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}
