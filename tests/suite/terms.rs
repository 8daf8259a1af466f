//! Every builder sets every term, and an update retains those that it does not set.

use airssys_wasm_host::pipeline::StageOptions;
use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::terms::{FixedTerms, TermsChange};
use airssys_wasm_host::{Enforcement, Host, Instancing, Limits, LimitsChange};

use crate::pipelines::{multiplier, two_stages};
use crate::support::host;

/// A change that sets every term to something other than its default.
fn full_change() -> TermsChange {
    let limits = Limits {
        handles_max: 7,
        ..Limits::default()
    };
    TermsChange::default()
        .grants(Grants::new().allow("env LANG value=C").expect("a rule"))
        .limits(limits)
        .instancing(Instancing::pooled(3))
        .enforcement(Enforcement::AuditOnly)
}

fn assert_full(terms: &FixedTerms) {
    let change = full_change();
    assert_eq!(LimitsChange::from(terms.limits.clone()), change.limits);
    assert_eq!(Some(terms.instancing), change.instancing);
    assert_eq!(Some(terms.enforcement), change.enforcement);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_has_the_terms_that_were_set() {
    let host = host();
    let component = || multiplier(2, "1.0.0");
    let change = full_change();
    let one_by_one = host
        .deploy(component())
        .name("one-by-one")
        .grants(change.grants.clone().expect("set"))
        .limits(change.limits.clone())
        .instancing(change.instancing.expect("set"))
        .enforcement(change.enforcement.expect("set"))
        .await
        .expect("deployed");
    let together = host.deploy(component()).name("together").terms(change);
    let together = together.await.expect("deployed");
    assert_full(&together.status().active.terms);
    assert_eq!(
        one_by_one.status().active.terms,
        together.status().active.terms
    );
    assert_eq!(one_by_one.grants(), together.grants());
    let plain = host.deploy(component()).name("plain").await;
    let plain = plain.expect("deployed").status().active.terms;
    assert_eq!(plain.limits, Limits::default());
    assert_eq!(plain.instancing, Instancing::PerCall);
    assert_eq!(plain.enforcement, Enforcement::Enforced);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_retains_the_terms_that_it_does_not_set() {
    let host = host();
    let deploy = host.deploy(multiplier(2, "1.0.0")).name("double");
    let deployment = deploy.terms(full_change()).await.expect("deployed");
    let update = || host.update("double", multiplier(2, "1.0.0")).any_version();
    update().await.expect("updated");
    assert_full(&deployment.status().active.terms);
    assert_eq!(Some(deployment.grants()), full_change().grants);

    let tables = LimitsChange {
        table_elements_max: Some(9_000),
        ..LimitsChange::default()
    };
    update().limits(tables).await.expect("updated");
    let limits = deployment.status().active.terms.limits;
    assert_eq!(limits.table_elements_max, 9_000);
    assert_eq!(Some(limits.handles_max), full_change().limits.handles_max);

    let stateful = update().instancing(Instancing::Stateful);
    stateful.await.expect("updated");
    let terms = deployment.status().active.terms;
    assert_eq!(terms.instancing, Instancing::Stateful);
    assert_eq!(terms.limits, limits);

    let limits = Limits {
        memory_bytes_max: 0,
        ..Limits::default()
    };
    let refused = update().limits(limits).await.expect_err("no memory");
    assert_eq!(refused.code(), "invalid-limits", "{refused}");
}

async fn terms_of(host: &Host, stage: &str) -> FixedTerms {
    let stage = host.deployment(stage).await.expect("deployed");
    stage.status().active.terms
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_has_terms_of_its_own() {
    let host = host();
    let pipeline = two_stages(StageOptions::new()).build().expect("valid");
    let pipeline = host
        .pipelines()
        .deploy(pipeline)
        .terms("second", full_change())
        .await
        .expect("deployed");
    assert_full(&terms_of(&host, "test:second").await);
    assert_eq!(
        terms_of(&host, "test:first").await.enforcement,
        Enforcement::Enforced
    );

    let update = pipeline.update("first", multiplier(2, "1.0.0"));
    update.terms(full_change()).await.expect("updated");
    assert_full(&terms_of(&host, "test:first").await);
    let update = pipeline.update("second", multiplier(3, "1.0.0"));
    update.terms(TermsChange::default()).await.expect("updated");
    assert_full(&terms_of(&host, "test:second").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fused_stage_has_no_terms() {
    let host = host();
    let pipeline = two_stages(StageOptions::new()).build().expect("valid");
    let pipeline = host.pipelines().deploy(pipeline).await.expect("deployed");
    let update = || pipeline.update("second", multiplier(3, "1.0.0"));
    let refused = update().terms(full_change()).await.expect_err("fused");
    assert!(
        refused
            .to_string()
            .contains("`grants`, `limits`, `instancing`, `enforcement` cannot be set"),
        "{refused}"
    );
    let nothing = update().terms(TermsChange::default());
    nothing.await.expect("no term is set");
}
