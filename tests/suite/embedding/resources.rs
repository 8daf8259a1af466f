//! Resources of the embedder, in the table of each instance.

use airssys_wasm_host::{Bindings, ErrorKind, Instancing, Limits};

use super::editor::{ALL, Embedding, ProbeDocument, ProbeEditor, builder, function, probe};
use crate::support::guest;

#[tokio::test]
async fn a_guest_holds_a_host_resource_across_calls_and_updates() {
    for probed in ALL {
        let editor = ProbeEditor {
            document: ProbeDocument::new("Dear Ada."),
            ..ProbeEditor::default()
        };
        let (host, deployment) = probe(probed, &editor, Instancing::Stateful).await;
        let append = function::<(String,), (String,)>(&deployment, "append");
        append.call((" One.".into(),)).await.expect("an answer");
        assert_eq!(
            append.call((" Two.".into(),)).await.expect("an answer").0,
            "Dear Ada. One. Two."
        );

        let update = host
            .update("probe", guest(probed.0))
            .any_version()
            .discard_state();
        update.await.expect("updated").drained().await;
        let (text,) = append.call((" Three.".into(),)).await.expect("an answer");
        assert_eq!(text, "Dear Ada. One. Two. Three.", "{probed:?}");
        assert_eq!(editor.document.text(), text);
    }
}

#[tokio::test]
async fn resources_of_a_guest_are_dropped_with_its_instance() {
    let editor = ProbeEditor::default();
    let (host, deployment) = probe(ALL[0], &editor, Instancing::Stateful).await;
    let before = editor.document.handle_count();
    function::<(String,), (String,)>(&deployment, "append")
        .call(("x".into(),))
        .await
        .expect("an answer");
    assert_eq!(
        editor.document.handle_count(),
        before + 1,
        "the guest holds it"
    );
    host.remove("probe").await.expect("removed");
    while editor.document.handle_count() > before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_table_is_bounded_by_handles_max() {
    for probed in ALL {
        let limits = Limits {
            handles_max: 50,
            ..Limits::default()
        };
        let host = builder(probed.1, &ProbeEditor::default())
            .limits(limits)
            .build()
            .expect("a host");
        let deployment = host
            .deploy(guest(probed.0))
            .name("probe")
            .await
            .expect("deployed");
        let open = function::<(u32,), ()>(&deployment, "open");
        open.call((40,)).await.expect("there is room");
        let error = open.call((200,)).await.expect_err("there is none");
        assert_eq!(error.kind(), ErrorKind::Trapped, "{error:?}");
    }
}

#[tokio::test]
async fn resources_pushed_by_the_host_count_as_well() {
    let limits = Limits {
        handles_max: 20,
        ..Limits::default()
    };
    let host = builder(ALL[0].1, &ProbeEditor::default())
        .limits(limits)
        .build()
        .expect("a host");
    let deployment = host
        .deploy(guest(ALL[0].0))
        .name("probe")
        .await
        .expect("deployed");
    let say = function::<(String,), ()>(&deployment, "say");
    let pushes = |count| {
        say.call_with(move |instance| {
            for _ in 0..count {
                instance.table().push(ProbeDocument::default())?;
            }
            Ok((String::new(),))
        })
    };
    pushes(10).await.expect("there is room");
    let error = pushes(100).await.expect_err("there is none");
    assert_eq!(error.kind(), ErrorKind::Trapped);
    assert!(
        error
            .to_string()
            .ends_with("opened too many handles: `handles_max` is 20"),
        "{error}"
    );
}

#[tokio::test]
async fn a_host_lends_its_own_document_through_bindings() {
    let (_host, deployment) = probe(ALL[0], &ProbeEditor::default(), Instancing::PerCall).await;
    let bindings: Bindings<Embedding> = deployment
        .bindings(|mut store, instance| Embedding::new(&mut store, instance))
        .await
        .expect("they fit");
    let text = bindings
        .call(async |probe, mut store| {
            let document = store.data_mut().table().push(ProbeDocument::new("lent"))?;
            probe
                .demo_embedding_probe()
                .call_read(store, document)
                .await
        })
        .await;
    assert_eq!(text.expect("an answer"), "lent");
}
