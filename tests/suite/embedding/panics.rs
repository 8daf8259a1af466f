//! A panic in the embedder's code ends the call that ran it, and nothing else.

use airssys_wasm_host::{ErrorKind, Event, Instancing};

use super::editor::{ALL, Embedding, FunctionKind, ProbeEditor, builder, function, probe};
use crate::support::guest;

#[tokio::test]
async fn a_panic_in_a_host_function_is_an_error_of_its_call() {
    for probed in ALL {
        let (host, deployment) = probe(probed, &ProbeEditor::default(), Instancing::Stateful).await;
        let visit = function::<(), (u32,)>(&deployment, "visit");
        assert_eq!(visit.call(()).await.expect("an answer"), (1,));
        let mut events = host.events();

        let error = function::<(), ()>(&deployment, "panic")
            .call(())
            .await
            .expect_err("it panics");
        assert_eq!(error.kind(), ErrorKind::HostFunctionFailed, "{probed:?}");
        assert!(
            error
                .to_string()
                .ends_with("host code panicked: the printer is on fire"),
            "{error}"
        );
        let discarded = loop {
            if let Event::CallFailed { reason, .. } = events.next().await.expect("an event") {
                break reason;
            }
        };
        assert!(discarded.contains("the printer is on fire"), "{discarded}");
        assert_eq!(
            visit.call(()).await.expect("an answer"),
            (1,),
            "{probed:?}: another instance"
        );
    }
}

#[tokio::test]
async fn calls_beside_a_panic_continue() {
    let probed = ("embedding-probe", FunctionKind::Asynchronous);
    let (_host, deployment) = probe(probed, &ProbeEditor::default(), Instancing::PerCall).await;
    let wait = function::<(u32,), ()>(&deployment, "wait");
    let panics = function::<(), ()>(&deployment, "panic");
    let waiting = wait.call((20,));
    let (waited, panicked) = tokio::join!(waiting, panics.call(()));
    waited.expect("the other call is not affected");
    assert_eq!(
        panicked.expect_err("it panics").kind(),
        ErrorKind::HostFunctionFailed
    );
}

#[tokio::test]
async fn a_panic_in_a_call_through_bindings_is_an_error() {
    let (_host, deployment) = probe(ALL[0], &ProbeEditor::default(), Instancing::PerCall).await;
    let bindings = deployment
        .bindings(|mut store, instance| Embedding::new(&mut store, instance))
        .await
        .expect("they fit");
    let call =
        bindings.call(async |probe, store| probe.demo_embedding_probe().call_panic(store).await);
    assert_eq!(
        call.await.expect_err("it panics").kind(),
        ErrorKind::HostFunctionFailed
    );
}

#[tokio::test]
async fn a_panic_while_data_is_dropped_is_contained() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a destructor panics");
        }
    }
    let host = builder(ALL[0].1, &ProbeEditor::default())
        .instance_data(|_| Bomb)
        .build()
        .expect("a host");
    let deployment = host
        .deploy(guest(ALL[0].0))
        .name("probe")
        .await
        .expect("deployed");
    let visit = function::<(), (u32,)>(&deployment, "visit");
    for _ in 0..3 {
        // Each call has its own instance, which is dropped at its end.
        assert_eq!(visit.call(()).await.expect("an answer"), (1,));
    }
}
