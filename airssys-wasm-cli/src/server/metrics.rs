//! What is counted, as Prometheus reads it.
//!
//! Tests: the crate's `tests/serving`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, text::encode};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use airssys_wasm_host::{Host, Status};

use super::Process;
use super::reply::Refused;
use super::web::Requests;
use crate::api::{Problem, kinds};

/// The text that Prometheus asks for.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    summary = "What is counted, as Prometheus reads it",
    responses((status = 200, body = String, content_type = "text/plain")),
)]
pub(super) async fn metrics(State(process): State<Process>) -> Result<Response, Refused> {
    let requests = Arc::clone(&process.requests);
    let text = process.aside(move |host| Ok(text(host, &requests))).await?;
    let text = text.map_err(|error| {
        Problem::new(kinds::INTERNAL, "metrics cannot be written").because(error)
    })?;
    Ok(([(http::header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

fn text(host: &Host, requests: &Requests) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("airssys_wasm");
    registry.register_collector(Box::new(Counted {
        problems: host
            .summaries()
            .iter()
            .filter(|summary| summary.problem.is_some())
            .count(),
        deployments: host
            .list()
            .iter()
            .map(airssys_wasm_host::Deployment::status)
            .collect(),
    }));
    let help = "Lines of guests that were dropped because the log did not take them in time";
    let dropped = ConstCounter::new(host.guest_lines_dropped());
    registry.register("guest_lines_dropped", help, dropped);
    requests.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// What is told of a deployment.
type Count = fn(&Status) -> u64;

/// A host at one moment.
#[derive(Debug)]
struct Counted {
    deployments: Vec<Status>,
    problems: usize,
}

impl Collector for Counted {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let gauges: [(&str, &str, usize); 2] = [
            ("deployments", "Names that serve", self.deployments.len()),
            (
                "deployments_broken",
                "Names that are deployed and cannot serve",
                self.problems,
            ),
        ];
        for (name, help, value) in gauges {
            let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            metric.encode(to.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let each: [(&str, &str, Count); 5] = [
            (
                "calls_in_flight",
                "Calls in flight on the revision that serves",
                |status| status.calls_in_flight,
            ),
            (
                "instances",
                "Instances of the revision that serves",
                |status| status.instances as u64,
            ),
            (
                "memory_bytes",
                "Linear memory of all its instances",
                |status| status.memory_bytes,
            ),
            (
                "descriptors",
                "Files, sockets and outgoing connections that it has open",
                |status| status.descriptors,
            ),
            ("revision", "The revision that serves", |status| {
                status.serving.revision
            }),
        ];
        for (name, help, value) in each {
            for status in &self.deployments {
                let metric = ConstGauge::new(i64::try_from(value(status)).unwrap_or(i64::MAX));
                let mut one = to.encode_descriptor(name, help, None, metric.metric_type())?;
                metric.encode(one.encode_family(&[("component", status.component.as_str())])?)?;
            }
        }
        for status in &self.deployments {
            let metric = ConstCounter::new(status.calls_admitted);
            let help = "Calls admitted to the revision that serves, since it began to serve";
            let mut one =
                to.encode_descriptor("calls_admitted", help, None, metric.metric_type())?;
            let revision = status.serving.revision.to_string();
            let labels = [
                ("component", status.component.as_str()),
                ("revision", revision.as_str()),
            ];
            metric.encode(one.encode_family(&labels)?)?;
        }
        for status in &self.deployments {
            for (end, count) in &status.calls_failed {
                let metric = ConstCounter::new(*count);
                let help = "Calls that failed, by how they ended, since the name was deployed";
                let mut one =
                    to.encode_descriptor("calls_failed", help, None, metric.metric_type())?;
                let labels = [("component", status.component.as_str()), ("end", *end)];
                metric.encode(one.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
