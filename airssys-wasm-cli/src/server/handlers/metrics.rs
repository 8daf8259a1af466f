//! Metrics in the OpenMetrics text format, for Prometheus.
//!
//! Tests: `airssys-wasm-cli/tests/cli/serving.rs`.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, text::encode};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use airssys_wasm_core::ComponentName;
use airssys_wasm_host::Status;

use crate::api::{Problem, kinds};
use crate::server::ServerState;
use crate::server::reply::ProblemResponse;
use crate::server::web::{RequestMetrics, RequestSeries};

/// The content type of the response.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Returns metrics of the host process and of every deployment.
///
/// The format is OpenMetrics text, which Prometheus reads.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    summary = "Get metrics in the OpenMetrics text format",
    responses((status = 200, body = String, content_type = "text/plain")),
)]
pub(super) async fn metrics(
    State(server): State<ServerState>,
) -> Result<Response, ProblemResponse> {
    let host = &server.host;
    // Read before the deployments, so that no series of a later revision is removed.
    let counted = server.requests.series();
    let summaries = host.deployments().summaries().await?;
    let routed = host.http().routes();
    let collector = HostCollector {
        problems: summaries
            .iter()
            .filter(|summary| summary.problem.is_some())
            .count(),
        deployments: host
            .deployments()
            .list()
            .await?
            .iter()
            .map(airssys_wasm_host::Deployment::status)
            .collect(),
    };
    let dropped = host.logs().guest_lines_dropped();
    let names = summaries.iter().map(|summary| &summary.deployment);
    let names = names.chain(routed.iter().map(|route| &route.deployment));
    let current = CurrentRevisions::new(names.map(ComponentName::as_str), &collector.deployments);
    let text = encode_metrics(collector, dropped, &server.requests).map_err(|error| {
        Problem::new(kinds::INTERNAL, "cannot encode the metrics").with_cause(error)
    })?;
    current.remove_others(&server.requests, counted);
    Ok(([(http::header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

/// The deployments at one moment, with their retained revisions.
struct CurrentRevisions {
    /// The numbers of the revisions by component; `None` if they are not known, because the
    /// deployment cannot be restored or only a route names it.
    revisions: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl CurrentRevisions {
    /// `names` are those of deployments and of routes.
    fn new<'a>(names: impl Iterator<Item = &'a str>, deployments: &[Status]) -> Self {
        let mut revisions: BTreeMap<_, _> = names.map(|name| (name.to_owned(), None)).collect();
        for status in deployments {
            let numbers = status.revisions.iter();
            let numbers = numbers.map(|revision| revision.revision.to_string());
            revisions.insert(status.deployment.to_string(), Some(numbers.collect()));
        }
        Self { revisions }
    }

    fn has_component(&self, component: &str) -> bool {
        component.is_empty() || self.revisions.contains_key(component)
    }

    fn has(&self, series: &RequestSeries) -> bool {
        match self.revisions.get(&series.component) {
            Some(Some(revisions)) => {
                series.revision.is_empty() || revisions.contains(&series.revision)
            }
            Some(None) => true,
            None => series.component.is_empty(),
        }
    }

    /// Removes the series of other components and revisions.
    fn remove_others(&self, requests: &RequestMetrics, mut counted: Vec<RequestSeries>) {
        counted.retain(|series| !self.has(series));
        requests.remove(&counted, |component| self.has_component(component));
    }
}

fn encode_metrics(
    collector: HostCollector,
    guest_lines_dropped: u64,
    requests: &RequestMetrics,
) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("airssys_wasm");
    registry.register_collector(Box::new(collector));
    let help = "Lines of guest output dropped because the log could not keep up";
    let dropped = ConstCounter::new(guest_lines_dropped);
    registry.register("guest_lines_dropped", help, dropped);
    requests.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// Reads a metric from a deployment's status.
type StatusMetric = fn(&Status) -> u64;

/// A snapshot of the host's deployments.
#[derive(Debug)]
struct HostCollector {
    deployments: Vec<Status>,
    problems: usize,
}

impl Collector for HostCollector {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.encode_totals(&mut to)?;
        self.encode_gauges(&mut to)?;
        self.encode_counters(&mut to)
    }
}

impl HostCollector {
    /// Encodes the gauges of the host process.
    fn encode_totals(&self, to: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let gauges: [(&str, &str, usize); 2] = [
            (
                "deployments",
                "Deployments that serve",
                self.deployments.len(),
            ),
            (
                "deployments_broken",
                "Deployments that cannot serve",
                self.problems,
            ),
        ];
        for (name, help, value) in gauges {
            let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            metric.encode(to.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        Ok(())
    }

    /// Encodes the gauges of each deployment.
    fn encode_gauges(&self, to: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let each: [(&str, &str, StatusMetric); 5] = [
            (
                "calls_in_flight",
                "Calls in flight on the active revision",
                |status| status.calls_in_flight,
            ),
            ("instances", "Instances of the active revision", |status| {
                status.instances as u64
            }),
            (
                "memory_bytes",
                "Linear memory of all instances, in bytes",
                |status| status.memory_bytes,
            ),
            (
                "descriptors",
                "Open files, sockets and outgoing connections",
                |status| status.descriptors,
            ),
            ("revision", "Number of the active revision", |status| {
                status.active.revision
            }),
        ];
        for (name, help, value) in each {
            for status in &self.deployments {
                let metric = ConstGauge::new(i64::try_from(value(status)).unwrap_or(i64::MAX));
                let mut one = to.encode_descriptor(name, help, None, metric.metric_type())?;
                metric.encode(one.encode_family(&[("component", status.deployment.as_str())])?)?;
            }
        }
        Ok(())
    }

    /// Encodes the counters of each deployment.
    fn encode_counters(&self, to: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for status in &self.deployments {
            let metric = ConstCounter::new(status.calls_admitted);
            let help = "Calls admitted to the active revision since it became active";
            let mut one =
                to.encode_descriptor("calls_admitted", help, None, metric.metric_type())?;
            let revision = status.active.revision.to_string();
            let labels = [
                ("component", status.deployment.as_str()),
                ("revision", revision.as_str()),
            ];
            metric.encode(one.encode_family(&labels)?)?;
        }
        for status in &self.deployments {
            for (end, count) in &status.calls_failed {
                let metric = ConstCounter::new(*count);
                let help = "Failed calls of all revisions, by how they ended";
                let mut one =
                    to.encode_descriptor("calls_failed", help, None, metric.metric_type())?;
                let labels = [("component", status.deployment.as_str()), ("end", *end)];
                metric.encode(one.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
