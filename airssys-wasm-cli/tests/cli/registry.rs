//! A real registry on loopback, other clients of it, and servers that misbehave.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::support::{TIMEOUT, TestDir, guest_path};

/// Debian's `docker-registry` on a free port. Killed when dropped.
struct RegistryServer {
    process: Child,
    address: String,
}

impl RegistryServer {
    fn start(folder: &Path) -> Self {
        // Released at once, for the server to bind.
        let free = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port");
        let settings = folder.join("registry.yml");
        let root = folder.join("registry");
        let text = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {free}\n",
            root.display()
        );
        std::fs::write(&settings, text).expect("written");
        let mut server = Command::new("docker-registry");
        server
            .arg("serve")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = server
            .spawn()
            .expect("docker-registry is installed; `cargo xtask test` installs it");
        let begun = Instant::now();
        while TcpStream::connect(free).is_err() {
            assert!(begun.elapsed() < TIMEOUT, "the registry does not answer");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Self {
            process,
            address: free.to_string(),
        }
    }
}

impl Drop for RegistryServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn skopeo(arguments: &[&str]) -> String {
    let output = Command::new("skopeo").args(arguments).output();
    let output = output.expect("skopeo is installed; `cargo xtask test` installs it");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn pushed_components_are_pulled_deployed_and_updated() {
    let place = TestDir::new();
    let server = RegistryServer::start(place.path());
    let at = server.address.clone();
    let at = at.as_str();
    for component in ["greeter-v1", "greeter-v2"] {
        let pushed = place
            .run(&["publish", &guest_path(component), "--registry", at])
            .ok();
        assert!(pushed.starts_with("greeter@"), "{pushed}");
        place
            .run(&["publish", &guest_path(component), "--registry", at])
            .ok();
    }
    let _process = place.serve();
    place.run(&["deploy", "greeter@^1", "--registry", at]).ok();
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
    place.run(&["update", "greeter", "--registry", at]).ok();
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Good day, Ada!\""
    );
    let digest = |text: &str| text.split_whitespace().last().map(str::to_owned);
    let inspected = place
        .run(&["inspect", &guest_path("greeter-v2"), "--output", "json"])
        .ok();
    let pulled = place.run(&["pull", "greeter", "--registry", at]).ok();
    assert!(
        inspected.contains(&digest(&pulled).expect("a digest")),
        "{pulled}"
    );
    // What has been pulled works without the registry.
    drop(server);
    place
        .run(&[
            "deploy",
            "greeter@1.0.0",
            "--name",
            "offline",
            "--registry",
            at,
        ])
        .ok();
    let ran = place.run(&["deploy", "greeter@^1", "--name", "warned", "--registry", at]);
    assert!(ran.stderr.contains("using 1.0.0"), "{ran:?}");
    assert_eq!(ran.code, 0);
    let told = place.run(&["deploy", "other", "--registry", at]).failed(9);
    assert!(told.contains("cannot be reached"), "{told}");
}

#[test]
fn a_version_is_immutable_and_a_moved_tag_is_detected() {
    let place = TestDir::new();
    let server = RegistryServer::start(place.path());
    let at = server.address.as_str();
    place
        .run(&["publish", &guest_path("greeter-v1"), "--registry", at])
        .ok();
    let other = [
        "publish",
        &guest_path("plain-bindgen"),
        "--name",
        "greeter",
        "--component-version",
        "1.0.0",
    ];
    let told = place
        .run(&[&other[..], &["--registry", at]].concat())
        .failed(4);
    assert!(told.contains("already exists at"), "{told}");

    let _process = place.serve();
    place.run(&["pull", "greeter@1.0.0", "--registry", at]).ok();
    // Another client moves the tag, which every server allows.
    let moved = [&other[..5], &["9.9.9", "--registry", at]].concat();
    place.run(&moved).ok();
    skopeo(&[
        "copy",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        &format!("docker://{at}/greeter:9.9.9"),
        &format!("docker://{at}/greeter:1.0.0"),
    ]);
    let told = place
        .run(&["pull", "greeter@1.0.0", "--registry", at])
        .failed(4);
    assert!(
        told.contains("the registry now has different bytes"),
        "{told}"
    );
    place
        .run(&["deploy", "greeter@1.0.0", "--registry", at])
        .ok();
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
}

#[test]
fn skopeo_reads_and_writes_our_artifacts() {
    let place = TestDir::new();
    let server = RegistryServer::start(place.path());
    let at = server.address.as_str();
    place
        .run(&[
            "publish",
            &guest_path("greeter-v1"),
            "--name",
            "demo:greeter",
            "--registry",
            at,
        ])
        .ok();
    let manifest = skopeo(&[
        "inspect",
        "--raw",
        "--tls-verify=false",
        &format!("docker://{at}/demo/greeter:1.0.0"),
    ]);
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("json");
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.wasm.config.v0+json"
    );
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    // Copied to a directory, and back under another name.
    let layout = format!("oci:{}:greeter", place.path().join("layout").display());
    skopeo(&[
        "copy",
        "--src-tls-verify=false",
        &format!("docker://{at}/demo/greeter:1.0.0"),
        &layout,
    ]);
    skopeo(&[
        "copy",
        "--dest-tls-verify=false",
        &layout,
        &format!("docker://{at}/mirror/demo/greeter:1.0.0"),
    ]);
    let file = place.path().join("pulled.wasm");
    let mirror = format!("{at}/mirror");
    place
        .run(&[
            "pull",
            "demo:greeter",
            "--registry",
            &mirror,
            "--to",
            file.to_str().expect("text"),
        ])
        .ok();
    assert_eq!(
        std::fs::read(file).expect("written"),
        std::fs::read(guest_path("greeter-v1")).expect("there")
    );
}

/// Starts a server that answers every request with the result of `answer`. Returns its address.
fn serve_responses(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = listener.local_addr().expect("it has one").to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 8_192];
            let read = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..read]).into_owned();
            // The client may have disconnected.
            let _ = stream.write_all(answer(&text).as_bytes());
        }
    });
    place
}

fn reply(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Starts a registry whose artifact has these layers, and whose blobs all contain `hello`. Returns
/// its address.
fn serve_layers(layers: String) -> String {
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    serve_responses(move |request| {
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"mediaType":"application/vnd.wasm.config.v0+json","digest":"sha256:{}","size":2}},"layers":{layers}}}"#,
            "1".repeat(64)
        );
        match request.split_whitespace().nth(1).unwrap_or_default() {
            path if path.contains("/tags/list") => reply(
                "200 OK",
                "application/json",
                r#"{"name":"greeter","tags":["1.0.0","latest","../x"]}"#,
            ),
            path if path.contains("/manifests/") => reply("200 OK", MANIFEST, &manifest),
            path if path.contains("/blobs/") => {
                reply("200 OK", "application/octet-stream", "hello")
            }
            _ => reply("200 OK", "application/json", "{}"),
        }
    })
}

/// Returns the list of layers with one layer that has a wrong digest.
fn one_layer(media_type: &str, size: u64) -> String {
    let zeroes = "0".repeat(64);
    format!(r#"[{{"mediaType":"{media_type}","digest":"sha256:{zeroes}","size":{size}}}]"#)
}

/// Pulls a component. Checks that the command failed with this exit code, and that it wrote
/// nothing. Returns its error output.
#[track_caller]
fn failed_pull(place: &TestDir, at: &str, code: i32) -> String {
    let to = place.path().join("pulled.wasm");
    let told = place
        .run(&[
            "pull",
            "greeter@1.0.0",
            "--registry",
            at,
            "--to",
            to.to_str().expect("text"),
        ])
        .failed(code);
    assert!(!to.exists(), "nothing was written");
    told
}

#[test]
fn a_misbehaving_registry_is_reported_and_nothing_is_stored() {
    let place = TestDir::new();
    let gone = serve_responses(|_| "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf".into());
    failed_pull(&place, &gone, 9);
    for (layers, expected) in [
        (
            one_layer("application/wasm", 5),
            "do not match its manifest's digest",
        ),
        (
            one_layer("application/wasm", 3),
            "more bytes than its manifest declares",
        ),
        (one_layer("application/wasm", 999_999_999_999), "at most"),
        (one_layer("application/x-tar", 5), "is not a component"),
        ("[]".into(), "0 layers"),
    ] {
        let told = failed_pull(&place, &serve_layers(layers), 9);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn error_responses_of_a_registry_are_reported() {
    let place = TestDir::new();
    for (status, expected) in [
        ("401 Unauthorized", "docker login"),
        ("429 Too Many Requests", "again later"),
        ("500 Internal Server Error", "500"),
        ("200 OK", "unexpected response"),
    ] {
        let at = serve_responses(move |_| reply(status, "text/plain", "no"));
        let told = failed_pull(&place, &at, 9);
        assert!(told.contains(expected), "{status}: {told}");
    }
    let nothing = serve_responses(|_| reply("404 Not Found", "text/plain", "no"));
    assert!(failed_pull(&place, &nothing, 3).contains("no version is"));
}

#[test]
fn invalid_addresses_of_a_registry_are_refused() {
    let place = TestDir::new();
    for wrong in ["https://x", "x/../y", ""] {
        assert_eq!(
            place.run(&["pull", "greeter", "--registry", wrong]).code,
            2,
            "{wrong}"
        );
    }
}

/// A dry run stores nothing; an applied component is pulled once.
#[test]
fn apply_pulls_from_a_registry_and_a_dry_run_stores_nothing() {
    let place = TestDir::new();
    let server = RegistryServer::start(place.path());
    let at = server.address.as_str();
    place
        .run(&["publish", &guest_path("greeter-v1"), "--registry", at])
        .ok();
    let _process = place.serve();
    let file = format!("registry = {at:?}\n[deployments.hello]\ncomponent = \"greeter@^1\"\n");
    std::fs::write(place.path().join("deployments.toml"), file).expect("written");
    let nothing = || assert!(place.run(&["search"]).ok().contains("nothing is published"));
    place
        .run(&["deploy", "greeter", "--registry", at, "--dry-run"])
        .ok();
    assert_eq!(
        place.run(&["apply", "--dry-run"]).ok(),
        "hello: would deploy"
    );
    place.run(&["diff"]).failed(1);
    nothing();
    assert_eq!(place.run(&["apply"]).ok(), "hello: deploy");
    assert_eq!(
        place.run(&["call", "hello", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
    place
        .run(&["publish", &guest_path("greeter-v2"), "--registry", at])
        .ok();
    let told = place.run(&["diff", "--upgrade"]).ok();
    assert_eq!(told, "hello: unchanged", "2.0.0 does not meet `^1`");
    let file = format!("registry = {at:?}\n[deployments.hello]\ncomponent = \"greeter\"\n");
    std::fs::write(place.path().join("deployments.toml"), file).expect("written");
    let told = place.run(&["apply", "--dry-run"]).ok();
    assert!(
        told.contains("component: 1.0.0 (sha256:") && told.contains("-> 2.0.0 (sha256:"),
        "{told}"
    );
    drop(server);
    assert!(
        place.run(&["apply"]).ok().contains("unchanged"),
        "the stored component is used"
    );
}
