//! Components that cannot be linked are refused when deployed, with the candidates and the reasons.

use airssys_wasm_host::{ErrorKind, Host};

use super::{deploy_linked, may_call};
use crate::support::{guest, host, wat};

async fn refusal(host: &Host) -> (&'static str, String) {
    let error = host
        .deploy(guest("store-caller"))
        .grants(may_call())
        .await
        .expect_err("refused");
    (error.code(), error.to_string())
}

fn exporting(interface: &str) -> String {
    format!(
        r#"(component
            (core module $m (func (export "f") (param i32 i32) (result i32) i32.const 7))
            (core instance $i (instantiate $m))
            (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "f")))
            (instance $kv (export "add" (func $add)))
            (export "{interface}" (instance $kv)))"#
    )
}

#[tokio::test]
async fn no_deployment_serves_the_import() {
    let host = host();
    let (code, message) = refusal(&host).await;
    assert_eq!(code, "missing-import");
    assert!(message.contains("`acme:store/kv@1.2.0`"), "{message}");
    host.deploy(wat("near", &exporting("acme:store/kw@1.2.0")))
        .await
        .expect("deployed");
    let (_, message) = refusal(&host).await;
    assert!(
        message.contains("the closest exported interface is `acme:store/kw`"),
        "{message}"
    );
}

#[tokio::test]
async fn near_matches_are_named_with_their_mismatch() {
    let host = host();
    host.deploy(wat("older", &exporting("acme:store/kv@1.1.0")))
        .await
        .expect("deployed");
    host.deploy(wat("poorer", &exporting("acme:store/kv@1.2.0")))
        .await
        .expect("deployed");
    let (code, message) = refusal(&host).await;
    assert_eq!(code, "missing-import");
    assert!(
        message.contains("`older`: it exports `acme:store/kv@1.1.0`"),
        "{message}"
    );
    assert!(
        message.contains("`poorer`: it has no `version`"),
        "{message}"
    );
}

/// Each version of an interface is served by the deployment that exports it.
#[tokio::test]
async fn two_versions_are_served_by_two_deployments() {
    let host = host();
    for (name, interface) in [
        ("old", "acme:store/kv@1.2.0"),
        ("new", "acme:store/kv@2.0.0"),
    ] {
        host.deploy(wat(name, &exporting(interface)))
            .await
            .expect("deployed");
    }
    let imports = |version: u32| {
        let function = r#"(func (param "a" u32) (param "b" u32) (result u32))"#;
        format!(r#"(import "acme:store/kv@{version}.0.0" (instance (export "add" {function})))"#)
    };
    let both = wat(
        "both",
        &format!("(component {} {})", imports(1), imports(2)),
    );
    let both = host
        .deploy(both)
        .grants(may_call())
        .await
        .expect("deployed");
    let links = both.status().links;
    let told: Vec<_> = links
        .iter()
        .map(|(interface, name)| (interface.as_str(), name.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("acme:store/kv@1.0.0", "old"),
            ("acme:store/kv@2.0.0", "new")
        ]
    );
}

#[tokio::test]
async fn several_candidates_require_an_explicit_link() {
    let host = host();
    for name in ["one", "two"] {
        host.deploy(guest("store-v1").with_name(name).expect("a name"))
            .await
            .expect("deployed");
    }
    let (code, message) = refusal(&host).await;
    assert_eq!(code, "ambiguous-import");
    assert!(
        message.contains(".link(\"acme:store/kv\", \"one\")"),
        "{message}"
    );
    let deploy = host.deploy(guest("store-caller")).grants(may_call());
    let caller = deploy
        .link("acme:store/kv", "two")
        .expect("a name")
        .await
        .expect("deployed");
    assert_eq!(caller.status().links["acme:store/kv"].as_str(), "two");
    let update = host
        .update("store-caller", guest("store-caller"))
        .any_version();
    update
        .await
        .expect("the link of the previous revision still applies");
    let deploy = host
        .deploy(guest("store-caller"))
        .name("other")
        .grants(may_call());
    let error = deploy
        .link("acme:store/kw", "two")
        .expect("a name")
        .await
        .expect_err("refused");
    assert!(
        error.to_string().contains("imports no such interface"),
        "{error}"
    );
}

#[tokio::test]
async fn a_component_without_a_call_grant_is_not_deployed() {
    let (host, _caller) = deploy_linked(airssys_wasm_host::Instancing::PerCall).await;
    let error = host
        .deploy(guest("store-caller"))
        .name("other")
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::NotGranted);
    let message = error.to_string();
    assert!(
        message.contains("`acme:store/kv`, served by `store`"),
        "{message}"
    );
    assert!(message.contains("call acme:store/kv"), "{message}");
}
