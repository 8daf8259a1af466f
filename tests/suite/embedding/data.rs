//! Data of hosts, deployments and instances, as seen by host functions.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use airssys_wasm_host::{ErrorKind, InstanceState, Instancing};

use super::editor::{ALL, ProbeEditor, Shared, Visits, builder, function, probe};
use crate::support::guest;

#[tokio::test]
async fn instance_data_lives_as_long_as_its_instance() {
    let pooled = Instancing::Pooled {
        max: NonZeroU32::MIN,
    };
    for probed in ALL {
        for (instancing, expected) in [
            (Instancing::PerCall, [1, 1, 1]),
            (pooled, [1, 2, 3]),
            (Instancing::Stateful, [1, 2, 3]),
        ] {
            let (_host, deployment) = probe(probed, &ProbeEditor::default(), instancing).await;
            let visit = function::<(), (u32,)>(&deployment, "visit");
            for expected in expected {
                let (visits,) = visit.call(()).await.expect("an answer");
                assert_eq!(visits, expected, "{probed:?} {instancing:?}");
            }
        }
    }
}

#[tokio::test]
async fn instance_data_is_not_reachable_from_another_instance() {
    let (host, first) = probe(ALL[0], &ProbeEditor::default(), Instancing::Stateful).await;
    let second = host
        .deploy(guest(ALL[0].0))
        .name("other")
        .instancing(Instancing::Stateful)
        .await;
    let visit = |deployment| function::<(), (u32,)>(deployment, "visit");
    let (first, second) = (visit(&first), visit(&second.expect("deployed")));
    for _ in 0..3 {
        first.call(()).await.expect("an answer");
    }
    assert_eq!(second.call(()).await.expect("an answer"), (1,));
}

/// The number of values created and the number that are alive.
#[derive(Clone, Default)]
struct InstanceCount {
    created: Arc<AtomicUsize>,
    alive: Arc<AtomicUsize>,
}

struct CountedData(InstanceCount);

impl Drop for CountedData {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

#[tokio::test]
async fn a_factory_runs_once_per_instance_and_its_data_is_dropped_with_it() {
    for instancing in [Instancing::PerCall, Instancing::Stateful] {
        let count = InstanceCount::default();
        let made = count.clone();
        let host = builder(ALL[0].1, &ProbeEditor::default())
            .instance_data(move |_| {
                made.created.fetch_add(1, SeqCst);
                made.alive.fetch_add(1, SeqCst);
                CountedData(made.clone())
            })
            .build()
            .expect("a host");
        let deployment = host
            .deploy(guest(ALL[0].0))
            .name("probe")
            .instancing(instancing)
            .await;
        let who = function::<(), (String,)>(&deployment.expect("deployed"), "who-am-i");
        let mut instances = std::collections::BTreeSet::new();
        for _ in 0..5 {
            instances.insert(who.call(()).await.expect("an answer"));
        }
        let is_stateful = instancing == Instancing::Stateful;
        assert_eq!(instances.len(), if is_stateful { 1 } else { 5 });
        // A rollout tries one instance, which then serves the calls if instances outlive them.
        let tried = usize::from(!is_stateful);
        assert_eq!(
            count.created.load(SeqCst),
            instances.len() + tried,
            "{instancing:?}"
        );
        assert_eq!(
            count.alive.load(SeqCst),
            usize::from(is_stateful),
            "{instancing:?}"
        );

        host.remove("probe").await.expect("removed");
        drop(host);
        while count.alive.load(SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_factory_sees_whose_instance_it_is_and_what_is_shared() {
    struct Label(String);
    let host = builder(ALL[0].1, &ProbeEditor::default())
        .instance_data(|instance: &InstanceState| {
            assert_eq!(
                instance.instance_data::<Visits>().0,
                0,
                "data added before the factory is available"
            );
            let identity = instance.identity();
            let shared = instance.data::<Shared>().0;
            Label(format!(
                "{}#{}, {shared}",
                identity.deployment, identity.revision
            ))
        })
        .imports(["label"], |linker| {
            linker.root().func_wrap("label", |mut store, (): ()| {
                Ok((store.data_mut().instance_data_mut::<Label>().0.clone(),))
            })
        })
        .build()
        .expect("a host");
    let caller = crate::support::wat_file("returns-a-label");
    let deployment = host
        .deploy(caller)
        .name("labelled")
        .data(Shared("its own"))
        .await
        .expect("deployed");
    let label = deployment
        .function::<(), (String,)>("label")
        .expect("an exported function");
    assert_eq!(
        label.call(()).await.expect("an answer").0,
        "labelled#1, its own"
    );
}

#[tokio::test]
async fn data_of_a_deployment_is_its_own_and_survives_updates() {
    let (host, plain) = probe(ALL[0], &ProbeEditor::default(), Instancing::PerCall).await;
    let special = host
        .deploy(guest(ALL[0].0))
        .name("special")
        .data(Shared("special"))
        .await;
    let shared = |deployment| function::<(), (String,)>(deployment, "shared");
    let (plain, special) = (shared(&plain), shared(&special.expect("deployed")));
    assert_eq!(plain.call(()).await.expect("an answer").0, "the host's");
    assert_eq!(special.call(()).await.expect("an answer").0, "special");

    host.update("special", guest(ALL[0].0))
        .any_version()
        .await
        .expect("updated")
        .drained()
        .await;
    assert_eq!(special.call(()).await.expect("an answer").0, "special");
    let update = host
        .update("special", guest(ALL[0].0))
        .any_version()
        .data(Shared("other"));
    update.await.expect("updated").drained().await;
    assert_eq!(special.call(()).await.expect("an answer").0, "other");
    host.rollback("special")
        .await
        .expect("rolled back")
        .drained()
        .await;
    assert_eq!(special.call(()).await.expect("an answer").0, "special");
    assert_eq!(plain.call(()).await.expect("an answer").0, "the host's");
}

#[tokio::test]
async fn only_the_hosts_data_exists_after_a_restart() {
    let place = tempfile::tempdir().expect("a directory");
    let build = || {
        let host =
            builder(ALL[0].1, &ProbeEditor::default()).state_directory(place.path().join("state"));
        host.build().expect("a host")
    };
    let host = build();
    let special = host
        .deploy(guest(ALL[0].0))
        .name("special")
        .data(Shared("special"))
        .await;
    let shared = function::<(), (String,)>(&special.expect("deployed"), "shared");
    assert_eq!(shared.call(()).await.expect("an answer").0, "special");
    drop((shared, host));
    let host = build();
    let restored = host.deployment("special").await.expect("it is restored");
    assert_eq!(
        function::<(), (String,)>(&restored, "shared")
            .call(())
            .await
            .map_err(|error| error.to_string()),
        Ok(("the host's".to_owned(),))
    );
}

#[tokio::test]
async fn two_hosts_do_not_share_data() {
    let (first, second) = (ProbeEditor::default(), ProbeEditor::default());
    let (_first_host, deployment) = probe(ALL[0], &first, Instancing::PerCall).await;
    let (_second_host, _) = probe(ALL[0], &second, Instancing::PerCall).await;
    function::<(String,), ()>(&deployment, "say")
        .call(("hello".into(),))
        .await
        .expect("an answer");
    assert_eq!(
        (first.printed.lock().len(), second.printed.lock().len()),
        (1, 0)
    );
}

#[tokio::test]
async fn missing_data_ends_the_call_with_its_type() {
    struct Nobody;
    let host = builder(ALL[0].1, &ProbeEditor::default())
        .imports(["label"], |linker| {
            linker.root().func_wrap("label", |mut store, (): ()| {
                let _: &mut Nobody = store.data_mut().instance_data_mut();
                Ok((String::new(),))
            })
        })
        .build()
        .expect("a host");
    let deployment = host
        .deploy(crate::support::wat_file("returns-a-label"))
        .await
        .expect("deployed");
    let label = deployment
        .function::<(), (String,)>("label")
        .expect("an exported function");
    let error = label
        .call(())
        .await
        .expect_err("no data of this type was added");
    assert_eq!(error.kind(), ErrorKind::HostFunctionFailed);
    assert!(
        error
            .to_string()
            .contains("Nobody`: call `HostBuilder::instance_data`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_factory_that_panics_fails_the_start_and_nothing_else() {
    let editor = ProbeEditor::default();
    let host = builder(ALL[0].1, &editor)
        .instance_data(|instance| {
            assert_ne!(
                instance.identity().deployment.as_str(),
                "unlucky",
                "not that"
            )
        })
        .build()
        .expect("a host");
    let error = host
        .deploy(guest(ALL[0].0))
        .name("unlucky")
        .await
        .map(drop)
        .expect_err("it panics");
    assert_eq!(error.kind(), ErrorKind::HostFunctionFailed);
    assert!(error.to_string().contains("not that"), "{error}");
    let deployment = host
        .deploy(guest(ALL[0].0))
        .name("lucky")
        .await
        .expect("deployed");
    function::<(), (u32,)>(&deployment, "visit")
        .call(())
        .await
        .expect("an answer");
}
