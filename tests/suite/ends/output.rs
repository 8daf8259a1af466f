//! Output without a line feed is logged when its call ends, as output of that call, and never
//! joined with another's.

use airssys_wasm_host::Instancing;

use super::deploy_ends;
use crate::support::call;

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_line_is_logged_at_the_end_of_its_call_and_not_joined() {
    for instancing in [Instancing::pooled(1), Instancing::Stateful] {
        let (host, deployment, told) = deploy_ends(instancing).await;
        call(&deployment, "say-and-flush", r#"("half")"#)
            .await
            .expect("an answer");
        host.logs().flush().await;
        let first = told.logged();
        assert!(
            matches!(&first[..], [line] if line.ends_with(".1 Stdout: half")),
            "{first:?}"
        );
        call(&deployment, "say-to-stderr", r#"("a line\nhalf")"#)
            .await
            .expect("an answer");
        call(&deployment, "say", r#"("other\n")"#)
            .await
            .expect("an answer");
        let instance = first[0].split('.').next().expect("an instance");
        let expected = [
            ".1 Stdout: half",
            ".2 Stderr: a line",
            ".2 Stderr: half",
            ".3 Stdout: other",
        ];
        assert_eq!(
            told.lines(4).await,
            expected.map(|line| format!("{instance}{line}"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_line_is_logged_at_a_trap() {
    let (_host, deployment, told) = deploy_ends(Instancing::PerCall).await;
    call(&deployment, "say-and-trap", r#"("half")"#)
        .await
        .expect_err("it traps");
    let told = told.lines(1).await;
    assert!(
        matches!(&told[..], [line] if line.ends_with(".1 Stdout: half")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_line_is_logged_after_a_second_of_silence() {
    let (_host, deployment, told) = deploy_ends(Instancing::PerCall).await;
    let waiting = tokio::spawn(async move {
        call(
            &deployment,
            "say-and-wait",
            r#"("are you there? ", 600000)"#,
        )
        .await
        .map(drop)
    });
    let told = told.lines(1).await;
    assert!(!waiting.is_finished(), "the call is still running");
    assert!(told[0].ends_with(".1 Stdout: are you there? "), "{told:?}");
    waiting.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_several_instances_have_separate_lines() {
    let (_host, deployment, told) = deploy_ends(Instancing::pooled(4)).await;
    let calls = (0..40).map(|number| {
        let deployment = deployment.clone();
        tokio::spawn(async move {
            call(
                &deployment,
                "say-and-flush",
                &format!("(\"half {number}\")"),
            )
            .await
            .map(drop)
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("a task").expect("an answer");
    }
    let mut told = told.lines(40).await;
    let mut texts: Vec<String> = told
        .iter()
        .filter_map(|line| Some(line.split_once("Stdout: ")?.1.to_owned()))
        .collect();
    texts.sort();
    let mut expected: Vec<String> = (0..40).map(|number| format!("half {number}")).collect();
    expected.sort();
    assert_eq!(texts, expected);
    told.sort();
    told.dedup_by_key(|line| line.split(' ').next().map(str::to_owned));
    assert_eq!(told.len(), 40, "each line belongs to its own call");
}
