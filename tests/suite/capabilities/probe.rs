//! The guest that attempts operations, with requests and grants chosen by each test.

use std::sync::Arc;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{
    AuditLog, AuditRecord, Component, Deployment, Host, HostBuilder, Instancing, Need, Requests,
};
use parking_lot::Mutex;

use crate::support::guest;

/// The result of an attempt, or the error that the guest received.
pub(crate) type AttemptResult = Result<String, String>;

/// An audit log that retains every decision.
#[derive(Clone, Default)]
pub(crate) struct RecordedDecisions(Arc<Mutex<Vec<AuditRecord>>>);

impl AuditLog for RecordedDecisions {
    fn record(&self, record: &AuditRecord) {
        self.0.lock().push(record.clone());
    }
}

impl RecordedDecisions {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().iter().map(AuditRecord::to_json).collect()
    }
}

pub(crate) fn builder() -> HostBuilder {
    Host::builder().pooled_instances_max(20)
}

pub(crate) fn host() -> Host {
    builder().build().expect("a host")
}

/// Returns the probe with these requests, or without a section of requests if `requests` is empty.
pub(crate) fn probe(requests: &[&str]) -> Component {
    let probe = guest("attack-probe");
    if requests.is_empty() {
        return probe;
    }
    let rules = requests
        .iter()
        .map(|rule| (rule.parse().expect(rule), Need::Required));
    probe.with_requests(rules.collect::<Requests>())
}

pub(crate) fn grants(rules: &[&str]) -> Grants {
    rules.iter().fold(Grants::new(), |grants, rule| {
        grants.allow(rule).expect(rule)
    })
}

pub(crate) async fn deploy(host: &Host, component: Component, rules: &[&str]) -> Deployment {
    let deploy = host
        .deploy(component)
        .grants(grants(rules))
        .instancing(Instancing::Stateful);
    deploy.await.expect("deployed")
}

pub(crate) async fn attempt(deployment: &Deployment, words: &[&str]) -> AttemptResult {
    let function = deployment
        .function::<(String, Vec<String>), (AttemptResult,)>("attempt")
        .expect("an exported function");
    let arguments = words[1..].iter().map(|&word| word.to_owned()).collect();
    function
        .call((words[0].to_owned(), arguments))
        .await
        .expect("it tells")
        .0
}
