//! Imports that an embedder's functions serve, and errors about the others.

use airssys_wasm_host::{Error, Host, HostBuilder};

use super::editor::{ALL, ProbeEditor, builder};
use crate::support::wat;

/// Returns a component that imports an interface and exports `go`, which returns the interface's
/// `count`.
fn importer(import: &str) -> String {
    format!(
        r#"(component
        (import "{import}" (instance $docs (export "count" (func (result u32)))))
        (core func $count (canon lower (func $docs "count")))
        (core module $main (import "" "count" (func $count (result i32)))
            (func (export "go") (result i32) call $count))
        (core instance $main (instantiate $main (with "" (instance (export "count" (func $count))))))
        (func (export "go") (result u32) (canon lift (core func $main "go"))))"#
    )
}

/// Provides `count` of an interface, which returns `number`.
fn provide_count(builder: HostBuilder, interface: &'static str, number: u32) -> HostBuilder {
    builder.imports([interface], move |linker| {
        linker
            .instance(interface)?
            .func_wrap("count", move |_, (): ()| Ok((number,)))
    })
}

async fn deploy_and_call(host: &Host, import: &str) -> Result<u32, Error> {
    let deployment = host.deploy(wat("user", &importer(import))).await?;
    let number = deployment.function::<(), (u32,)>("go")?.call(()).await?.0;
    host.remove("user").await?;
    Ok(number)
}

#[tokio::test]
async fn each_version_of_an_interface_is_served_by_its_provider() {
    let host = provide_count(Host::builder(), "ed:host/docs@0.1.0", 1);
    let host = provide_count(
        provide_count(host, "ed:host/docs@0.2.0", 2),
        "ed:host/docs@1.4.0",
        14,
    )
    .build()
    .expect("a host");
    assert_eq!(
        deploy_and_call(&host, "ed:host/docs@0.1.0")
            .await
            .expect("served"),
        1
    );
    assert_eq!(
        deploy_and_call(&host, "ed:host/docs@0.2.0")
            .await
            .expect("served"),
        2
    );
    // The newest compatible version wins by semver, as in the runtime's linker.
    assert_eq!(
        deploy_and_call(&host, "ed:host/docs@0.1.7")
            .await
            .expect("served"),
        1
    );
    assert_eq!(
        deploy_and_call(&host, "ed:host/docs@1.0.0")
            .await
            .expect("served"),
        14
    );
}

#[tokio::test]
async fn an_unprovided_version_is_named_with_the_provided_ones() {
    let host = provide_count(Host::builder(), "ed:host/docs@0.1.0", 1)
        .build()
        .expect("a host");
    for import in [
        "ed:host/docs@0.2.0",
        "ed:host/docs@1.0.0",
        "ed:host/docs@0.1.0-rc.1",
        "ed:host/docs",
    ] {
        let error = deploy_and_call(&host, import)
            .await
            .expect_err("it is not served");
        assert_eq!(error.code(), "missing-import", "{error}");
        let text = error.to_string();
        assert!(
            text.contains(&format!("`{import}`")) && text.contains("`ed:host/docs@0.1.0`"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_newer_version_with_other_types_is_reported_with_both_names() {
    let host = Host::builder().imports(["ed:host/docs@0.1.0"], |linker| {
        linker
            .instance("ed:host/docs@0.1.0")?
            .func_wrap("other", |_, (): ()| Ok((0u32,)))
    });
    let error = deploy_and_call(&host.build().expect("a host"), "ed:host/docs@0.1.1")
        .await
        .expect_err("it has no `count`");
    assert_eq!(error.code(), "unusable");
    let text = error.to_string();
    assert!(
        text.contains("`ed:host/docs@0.1.1` is served by `ed:host/docs@0.1.0`"),
        "{text}"
    );
}

/// Imports `print` at world level.
const ROOT: &str = r#"(component
    (import "print" (func $print))
    (core func $print-core (canon lower (func $print)))
    (core module $main (import "" "print" (func $print)) (func (export "go") call $print))
    (core instance $main (instantiate $main (with "" (instance (export "print" (func $print-core))))))
    (func (export "go") (canon lift (core func $main "go"))))"#;

#[tokio::test]
async fn a_function_imported_at_world_level_is_served() {
    let host = Host::builder().imports(["print"], |linker| {
        linker.root().func_wrap("print", |store, (): ()| {
            assert_eq!(store.data().identity().deployment.as_str(), "root");
            Ok(())
        })
    });
    let host = host.build().expect("a host");
    let go = host
        .deploy(wat("root", ROOT))
        .await
        .expect("deployed")
        .function::<(), ()>("go")
        .expect("an exported function");
    go.call(()).await.expect("served");
}

#[tokio::test]
async fn an_unprovided_function_at_world_level_is_named() {
    // A deployment that exports a function of that name does not help, and is not suggested.
    let host = crate::support::host();
    let exports = r#"(component (core module $m (func (export "print"))) (core instance $i (instantiate $m))
        (func (export "print") (canon lift (core func $i "print"))))"#;
    host.deploy(wat("prov", exports)).await.expect("deployed");
    let error = host
        .deploy(wat("root", ROOT))
        .await
        .map(drop)
        .expect_err("nothing provides it");
    assert_eq!(error.code(), "missing-host-function");
    let text = error.to_string();
    assert!(
        text.contains("`print` is imported at world level"),
        "{text}"
    );
    assert!(!text.contains("link(") && !text.contains("prov`"), "{text}");
}

#[tokio::test]
async fn providers_without_rules_serve_every_component() {
    // No request and no grant: the embedder chose so.
    let host = builder(ALL[0].1, &ProbeEditor::default())
        .build()
        .expect("a host");
    for name in ["one", "two"] {
        let deployment = host
            .deploy(crate::support::guest(ALL[0].0))
            .name(name)
            .await
            .expect("deployed");
        super::editor::function::<(), (u32,)>(&deployment, "visit")
            .call(())
            .await
            .expect("served");
    }
}

#[tokio::test]
async fn async_host_functions_of_wit_are_served_where_they_can_run() {
    // A provider of a synchronous interface and of an interface that needs Component Model async.
    let host = Host::builder()
        .imports(["ed:host/docs@0.1.0", "ed:host/later"], |linker| {
            linker
                .instance("ed:host/docs@0.1.0")?
                .func_wrap("count", |_, (): ()| Ok((7u32,)))?;
            linker
                .instance("ed:host/later")?
                .func_wrap_concurrent("count", |_, (): ()| Box::pin(async { Ok((8u32,)) }))
        })
        .build()
        .expect("a host");
    assert_eq!(
        deploy_and_call(&host, "ed:host/docs@0.1.0")
            .await
            .expect("served"),
        7
    );
    let later = importer("ed:host/later")
        .replace("\"count\" (func (result", "\"count\" (func async (result")
        .replace(
            "(export \"go\") (result u32) (canon",
            "(export \"go\") async (result u32) (canon",
        );
    let deployment = host.deploy(wat("later", &later)).await.expect("deployed");
    let (number,) = deployment
        .function::<(), (u32,)>("go")
        .expect("an exported function")
        .call(())
        .await
        .expect("served");
    assert_eq!(number, 8);
}
