//! Values by name: variables, configuration, secrets, and the log.

use std::future::{Future, ready};
use std::io;
use std::pin::Pin;

use airssys_wasm_host::SecretStore;

use super::probe::{RecordedDecisions, attempt, builder, deploy, host, probe};

#[tokio::test(flavor = "multi_thread")]
async fn only_granted_variables_are_visible() {
    let host = host();
    let deployment = deploy(
        &host,
        probe(&[]),
        &["env GREETING value=\"good day\"", "env HOME"],
    )
    .await;
    assert_eq!(
        attempt(&deployment, &["variables"]).await.as_deref(),
        Ok("GREETING HOME")
    );
    assert_eq!(
        attempt(&deployment, &["env", "GREETING"]).await.as_deref(),
        Ok("good day")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_granted_configuration_is_visible() {
    let host = host();
    let deployment = deploy(&host, probe(&[]), &["config a value=1", "config b value=2"]).await;
    assert_eq!(
        attempt(&deployment, &["config-all"]).await.as_deref(),
        Ok("a=1 b=2")
    );
    crate::support::revoke(&host, "attack-probe", "config a").await;
    assert_eq!(
        attempt(&deployment, &["config-all"]).await.as_deref(),
        Ok("b=2")
    );
}

struct TestSecrets;

impl SecretStore for TestSecrets {
    fn secret(
        &self,
        name: &str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Option<String>>> + Send>> {
        let secret = match name {
            "db-password" => Ok(Some("hunter2".to_owned())),
            "broken" => Err(io::Error::other("the safe is jammed")),
            _ => Ok(None),
        };
        Box::pin(ready(secret))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_reaches_the_guest_and_no_record() {
    let record = RecordedDecisions::default();
    let host = builder()
        .audit_log(record.clone())
        .secrets(TestSecrets)
        .build()
        .expect("a host");
    let rules = [
        "secret db-password",
        "secret other",
        "secret broken",
        "env TOKEN value=hunter3",
    ];
    let deployment = deploy(&host, probe(&[]), &rules).await;
    assert_eq!(
        attempt(&deployment, &["secret", "db-password"])
            .await
            .as_deref(),
        Ok("hunter2")
    );
    assert!(
        attempt(&deployment, &["secret", "other"])
            .await
            .is_err_and(|told| told.contains("Missing"))
    );
    let broken = attempt(&deployment, &["secret", "broken"]).await;
    assert!(broken.is_err_and(|told| told.contains("Unavailable") && !told.contains("jammed")));
    assert_eq!(
        attempt(&deployment, &["env", "TOKEN"]).await.as_deref(),
        Ok("hunter3")
    );
    assert!(!record.lines().is_empty());
    assert!(
        record.lines().iter().all(|line| !line.contains("hunter")),
        "{:?}",
        record.lines()
    );
    let operation = airssys_wasm_host::policy::Operation::Named {
        kind: airssys_wasm_host::CapabilityKind::Env,
        name: "TOKEN".into(),
    };
    assert!(
        !deployment
            .explain(&operation)
            .to_string()
            .contains("hunter")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logged_message_is_one_line_of_the_guest_log() {
    let log = crate::support::RecordedLines::default();
    let host = builder().guest_log(log.clone()).build().expect("a host");
    let deployment = deploy(&host, probe(&[]), &[]).await;
    attempt(&deployment, &["log", "one\ntwo"])
        .await
        .expect("logged");
    let lines = log.all(&host).await;
    assert!(lines[0].ends_with(r"WARN probe: one\ntwo"), "{lines:?}");
}
