//! Text output for the responses of a host process.
//!
//! Tests: `airssys-wasm-cli/tests/cli/operate.rs`.

use airssys_wasm_core::Limits;
use airssys_wasm_core::policy::Enforcement;

use crate::api::{
    CallResult, ChangeView, DeploymentList, DeploymentView, ExplanationView, FunctionView,
    GrantsView, GraphView, PackageView, PipelineView, PublishedVersion, RemovalResult,
    RevisionView, RevocationResult, RolloutResult,
};
use crate::output::{Page, Table, TextOutput};

/// The length of digests in tables, enough to distinguish them.
const SHORT_DIGEST_LEN: usize = "sha256:".len() + 12;

pub(super) fn short_digest(digest: &str) -> String {
    digest.chars().take(SHORT_DIGEST_LEN).collect()
}

pub(super) fn version_or_dash(version: Option<&String>) -> String {
    version.cloned().unwrap_or_else(|| "-".into())
}

impl TextOutput for RemovalResult {
    fn text(&self) -> Page {
        format!("{}: removed", self.removed).into()
    }
}

impl TextOutput for GraphView {
    fn text(&self) -> Page {
        Page::from_text(&self.text)
    }
}

impl TextOutput for Vec<PipelineView> {
    fn text(&self) -> Page {
        if self.is_empty() {
            return "no pipelines are deployed; deploy one with `airssys-wasm pipeline deploy FILE`".into();
        }
        let mut table = Table::new(&["PIPELINE", "STAGES", "IN FLIGHT"]);
        for view in self {
            let stages: usize = view.stages.iter().map(|stage| stage.stages.len()).sum();
            table.add_row([
                view.name.clone(),
                stages.to_string(),
                view.in_flight.to_string(),
            ]);
        }
        let problems = self.iter().filter_map(|view| view.problem.as_ref());
        problems.fold(table.to_page(), Page::append_line)
    }
}

impl TextOutput for PipelineView {
    fn text(&self) -> Page {
        let mut table = Table::new(&[
            "DEPLOYMENT",
            "STAGES",
            "REVISION",
            "RUNNING",
            "WAITING",
            "ATTEMPTS",
            "DEAD LETTERS",
            "P99",
        ]);
        for stage in &self.stages {
            table.add_row([
                stage.deployment.clone(),
                stage.stages.join(", "),
                stage.revision.to_string(),
                stage.running.to_string(),
                stage.waiting.to_string(),
                stage.attempts.to_string(),
                stage.dead_letters.to_string(),
                format!("{} us", stage.p99_microseconds),
            ]);
        }
        table.to_page()
    }
}

impl TextOutput for DeploymentList {
    fn text(&self) -> Page {
        if self.deployments.is_empty() && self.lost.is_empty() {
            return "nothing is deployed; deploy a component with `airssys-wasm deploy FILE`"
                .into();
        }
        let mut table = Table::new(&["NAME", "VERSION", "REVISION", "INSTANCING", "DIGEST"]);
        for summary in &self.deployments {
            table.add_row([
                summary.name.clone(),
                version_or_dash(summary.version.as_ref()),
                summary.revision.to_string(),
                summary.instancing.clone(),
                short_digest(&summary.digest),
            ]);
        }
        let problems = self
            .deployments
            .iter()
            .filter_map(|summary| Some((&summary.name, summary.problem.as_ref()?)));
        let problems = problems.map(|(name, problem)| format!("{name} cannot serve: {problem}"));
        let lost = self.lost.iter().map(|lost| lost.describe());
        problems
            .chain(lost)
            .fold(table.to_page(), Page::append_line)
    }
}

/// Returns a line for each limit that is not the built-in default.
fn changed_limits(limits: &Limits) -> Vec<String> {
    let as_json = |limits: &Limits| serde_json::to_value(limits).unwrap_or_default();
    let (limits, defaults) = (as_json(limits), as_json(&Limits::default()));
    let changed = limits.as_object().into_iter().flatten();
    changed
        .filter(|(name, value)| defaults.get(name.as_str()) != Some(value))
        .map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("limit        {name}={value}")
        })
        .collect()
}

impl TextOutput for DeploymentView {
    fn text(&self) -> Page {
        let mut lines = vec![
            format!("name         {}", self.name),
            format!("active       {}", revision_line(&self.serving)),
            format!("digest       {}", self.serving.digest),
            format!("instancing   {}", self.serving.terms.instancing),
            format!("instances    {}", self.instances),
            format!("memory       {}", indicatif::BinaryBytes(self.memory_bytes)),
            format!("descriptors  {} open", self.descriptors),
            format!(
                "calls        {} in flight, {} admitted",
                self.calls_in_flight, self.calls_admitted
            ),
        ];
        if let Some(description) = &self.serving.description {
            lines.insert(1, format!("description  {description}"));
        }
        if self.serving.terms.enforcement == Enforcement::AuditOnly {
            lines.push("grants       audited, not enforced".into());
        }
        lines.extend(changed_limits(&self.serving.terms.limits));
        lines.extend(
            self.links
                .iter()
                .map(|(interface, name)| format!("linked       {interface} to {name}")),
        );
        let others = self
            .revisions
            .iter()
            .filter(|revision| revision.revision != self.serving.revision);
        lines.extend(others.map(|revision| format!("retained     {}", revision_line(revision))));
        if let Some(waiting) = &self.waiting {
            lines.push(format!(
                "waiting      update to {waiting}, awaiting approval"
            ));
        }
        Page::from_lines(lines)
    }
}

fn revision_line(revision: &RevisionView) -> String {
    format!(
        "revision {} ({})",
        revision.revision,
        version_or_dash(revision.version.as_ref())
    )
}

impl TextOutput for RolloutResult {
    fn text(&self) -> Page {
        let version = self
            .version
            .as_ref()
            .map(|version| format!(" ({version})"))
            .unwrap_or_default();
        let begin = format!(
            "{}: revision {}{version} is active",
            self.name, self.revision
        );
        let draining = match self.calls_draining {
            0 => String::new(),
            1 => "; 1 call drains on the previous revision".into(),
            calls => format!("; {calls} calls drain on the previous revision"),
        };
        let lifted = self.granted_again.iter();
        let lifted = lifted.map(|rule| {
            format!("warning: `{rule}` was revoked, and is granted again by this revision")
        });
        let serves = format!("{begin} after {} ms{draining}", self.milliseconds);
        Page::from_lines(std::iter::once(serves).chain(lifted))
    }
}

impl TextOutput for Vec<ChangeView> {
    fn text(&self) -> Page {
        let mut table = Table::new(&["TIME", "NAME", "WHAT", "REVISION", "VERSION", "DIGEST", ""]);
        for change in self {
            table.add_row([
                change.time.clone(),
                change.name.clone(),
                change.action.clone(),
                change
                    .revision
                    .map(|revision| revision.to_string())
                    .unwrap_or_default(),
                change.version.clone().unwrap_or_default(),
                change
                    .digest
                    .as_deref()
                    .map(short_digest)
                    .unwrap_or_default(),
                change.rule.clone().unwrap_or_default(),
            ]);
        }
        table.to_page()
    }
}

impl TextOutput for PublishedVersion {
    fn text(&self) -> Page {
        format!("{}@{}  {}", self.name, self.version, self.digest).into()
    }
}

impl TextOutput for Vec<PackageView> {
    fn text(&self) -> Page {
        if self.is_empty() {
            return "nothing is published; publish a component with `airssys-wasm publish FILE`"
                .into();
        }
        let mut table = Table::new(&["NAME", "VERSIONS"]);
        for package in self {
            table.add_row([package.name.clone(), package.versions.join(" ")]);
        }
        table.to_page()
    }
}

impl TextOutput for CallResult {
    fn text(&self) -> Page {
        Page::from_text(&Self::to_text(self))
    }
}

impl TextOutput for Vec<FunctionView> {
    fn text(&self) -> Page {
        Page::from_lines(
            self.iter()
                .map(|function| format!("{}: {}", function.name, function.signature)),
        )
    }
}

impl TextOutput for GrantsView {
    fn text(&self) -> Page {
        let mut lines = Vec::new();
        match &self.requests {
            Some(requests) => lines.extend(requests.iter().map(|rule| format!("requests  {rule}"))),
            None => {
                lines.push("requests  anything: the component does not declare its requests".into())
            }
        }
        let parts = [
            ("granted", &self.allow),
            ("denied", &self.deny),
            ("revoked", &self.revoked),
        ];
        for (word, rules) in parts {
            lines.extend(rules.iter().map(|rule| format!("{word:<9} {rule}")));
        }
        lines.extend(
            self.granted_again
                .iter()
                .map(|rule| format!("restored  {rule}: was revoked before")),
        );
        for rule in self.learned.iter().flatten() {
            lines.push(format!("used      {rule}"));
        }
        Page::from_lines(lines)
    }
}

impl TextOutput for ExplanationView {
    fn text(&self) -> Page {
        Page::from_text(&self.text)
    }
}

impl TextOutput for RevocationResult {
    fn text(&self) -> Page {
        match self.touched.as_slice() {
            [] => "no grant matched; the rule is denied from now on".into(),
            touched => Page::from_lines(touched.iter().map(|rule| format!("revoked from  {rule}"))),
        }
    }
}
