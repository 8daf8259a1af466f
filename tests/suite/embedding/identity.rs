//! Host functions know which instance they serve.

use airssys_wasm_host::Instancing;

use super::editor::{ALL, ProbeEditor, builder, function, probe};
use crate::support::guest;

#[tokio::test]
async fn a_host_function_knows_the_instance_it_serves() {
    for probed in ALL {
        let editor = ProbeEditor::default();
        let (host, first) = probe(probed, &editor, Instancing::PerCall).await;
        let second = host
            .deploy(guest(probed.0))
            .name("other")
            .await
            .expect("deployed");
        let who = |deployment| function::<(), (String,)>(deployment, "who-am-i");
        let (first, second) = (who(&first), who(&second));

        assert!(
            first
                .call(())
                .await
                .expect("an answer")
                .0
                .starts_with("probe#1 "),
            "{probed:?}"
        );
        assert!(
            second
                .call(())
                .await
                .expect("an answer")
                .0
                .starts_with("other#1 "),
            "{probed:?}"
        );

        host.update("probe", guest(probed.0))
            .any_version()
            .await
            .expect("updated")
            .drained()
            .await;
        assert!(
            first
                .call(())
                .await
                .expect("an answer")
                .0
                .starts_with("probe#2 "),
            "{probed:?}"
        );
        host.rollback("probe")
            .await
            .expect("rolled back")
            .drained()
            .await;
        assert!(
            first
                .call(())
                .await
                .expect("an answer")
                .0
                .starts_with("probe#1 "),
            "{probed:?}"
        );
    }
}

#[tokio::test]
async fn a_guest_cannot_choose_its_identity() {
    // The bytes and the name in them are the same, and the guest prints that it is another one.
    let editor = ProbeEditor::default();
    let host = builder(ALL[0].1, &editor).build().expect("a host");
    let honest = guest(ALL[0].0).with_name("signer").expect("a name");
    host.deploy(honest).await.expect("deployed");
    let forger = guest(ALL[0].0).with_name("signer").expect("a name");
    let forger = host.deploy(forger).name("forger").await.expect("deployed");
    let say = function::<(String,), ()>(&forger, "say");
    say.call(("signer#1: all is well".into(),))
        .await
        .expect("an answer");
    let printed = editor.printed.lock().clone();
    assert!(
        matches!(&printed[..], [line] if line.starts_with("forger#1 ")),
        "{printed:?}"
    );
}

#[tokio::test]
async fn each_instance_has_a_unique_number() {
    let (_host, deployment) = probe(ALL[0], &ProbeEditor::default(), Instancing::PerCall).await;
    let who = function::<(), (String,)>(&deployment, "who-am-i");
    let (first, second) = (
        who.call(()).await.expect("an answer"),
        who.call(()).await.expect("an answer"),
    );
    assert_ne!(first, second);

    let (_host, deployment) = probe(ALL[0], &ProbeEditor::default(), Instancing::Stateful).await;
    let who = function::<(), (String,)>(&deployment, "who-am-i");
    let (first, second) = (
        who.call(()).await.expect("an answer"),
        who.call(()).await.expect("an answer"),
    );
    assert_eq!(first, second);
}
