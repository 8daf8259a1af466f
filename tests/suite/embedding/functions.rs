//! Typed functions with resources of the embedder.

use airssys_wasm_host::wasmtime::component::Resource;
use airssys_wasm_host::{ErrorKind, Instancing};

use super::editor::{ALL, ProbeDocument, ProbeEditor, function, probe};
use crate::support::guest;

#[tokio::test]
async fn a_typed_function_takes_and_returns_host_resources() {
    for probed in ALL {
        let (host, deployment) = probe(probed, &ProbeEditor::default(), Instancing::PerCall).await;
        let read = function::<(Resource<ProbeDocument>,), (String,)>(&deployment, "read");
        let take = function::<(Resource<ProbeDocument>,), (String,)>(&deployment, "take");
        let give = function::<(String,), (Resource<ProbeDocument>,)>(&deployment, "give");
        let lent = ProbeDocument::new("lent");
        for _ in 0..2 {
            let push = |instance: &mut airssys_wasm_host::InstanceState| {
                Ok((instance.table().push(lent.clone())?,))
            };
            assert_eq!(
                read.call_with(push).await.expect("an answer").0,
                "lent",
                "{probed:?}"
            );
            assert_eq!(
                take.call_with(push).await.expect("an answer").0,
                "lent",
                "{probed:?}"
            );
            let (given,) = give.call(("given".into(),)).await.expect("an answer");
            assert!(given.owned());
            // The handles survive an update.
            host.update("probe", guest(probed.0))
                .any_version()
                .await
                .expect("updated")
                .drained()
                .await;
        }
        assert_eq!(
            lent.handle_count(),
            1,
            "the borrowed document was dropped with its instance"
        );
    }
}

#[tokio::test]
async fn a_resource_of_another_type_is_refused() {
    let (_host, deployment) = probe(ALL[0], &ProbeEditor::default(), Instancing::PerCall).await;
    let error = deployment.function::<(Resource<String>,), (String,)>("demo:embedding/probe#read");
    let error = error.map(drop).expect_err("it is no string");
    assert_eq!(error.kind(), ErrorKind::TypeMismatch, "{error}");
}

#[tokio::test]
async fn mismatched_types_are_reported_with_the_correct_signature() {
    let (_host, deployment) = probe(ALL[0], &ProbeEditor::default(), Instancing::PerCall).await;
    let error = deployment
        .function::<(), (String,)>("read")
        .map(drop)
        .expect_err("it takes one");
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
    let line =
        "write `function::<(Resource<Document>,), (String,)>(\"demo:embedding/probe@0.1.0#read\")`";
    assert!(error.to_string().ends_with(line), "{error}");
}
