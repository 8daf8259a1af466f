//! `airssys-wasm pipeline run`

use std::io::BufRead as _;

use airssys_wasm_core::pipeline::ComponentPipeline;
use airssys_wasm_host::Host;
use airssys_wasm_host::pipeline::{DeadLetter, DeadLetters, PipelineDeployment};
use clap::Args;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc;

use super::definition::Definition;
use super::deploy::StageGrants;
use super::graph::file_of;
use super::path;
use crate::api::{Came, LetterView, PipelineSpec, Problem, inputs, kinds};
use crate::command::Common;
use crate::command::run::Printed;
use crate::output::{Format, Page, mention_json, say};

/// Send items through a pipeline and print its outputs
///
/// An item is a value in WAVE, such as `"Ada"` or `{id: 1}`, or a tuple of values for a pipeline
/// with several inputs. Items are read from the arguments, or from standard input, one per line. A
/// pipeline with its own sources takes none.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// Name of a deployed pipeline, or a pipeline file, which needs no host process
    #[arg(value_name = "NAME|FILE")]
    pipeline: String,
    /// Items to send; defaults to the lines of standard input
    #[arg(value_name = "ITEM")]
    items: Vec<String>,
    #[command(flatten)]
    grants: StageGrants,
}

impl Run {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let items = items(self.items);
        match file_of(&self.pipeline) {
            Some(file) => {
                let definition = Definition::read(file)?;
                let pipeline = definition.build(&common.client()?).await?;
                let spec = PipelineSpec {
                    definition: definition.said,
                    grants: self.grants.given()?,
                };
                run_here(common, pipeline, &spec, items).await
            }
            None if self.grants.given()?.is_empty() => {
                let cut_off =
                    Problem::new(kinds::NO_HOST, "the host process ended before the run did");
                let mut ended = Err(cut_off);
                let each = |line: &str| show(common, line, &mut ended);
                common
                    .client()?
                    .exchange(&path(&self.pipeline, "/run"), items, each)
                    .await?;
                ended
            }
            None => {
                let message = "`--grant` applies only to a pipeline file; use `airssys-wasm caps grant PIPELINE:STAGE` for a deployed pipeline";
                Err(Problem::new(kinds::USAGE, message))
            }
        }
    }
}

async fn run_here(
    common: &Common,
    pipeline: ComponentPipeline,
    spec: &PipelineSpec,
    items: impl Stream<Item = String> + Send + 'static,
) -> Result<(), Problem> {
    let host = Host::builder()
        .pooled_instances_max(64)
        .guest_log(Printed)
        .dead_letters(Told)
        .build()?;
    let outcome = run_on(&host, common, pipeline, spec, items).await;
    host.logs_written().await;
    outcome
}

async fn run_on(
    host: &Host,
    common: &Common,
    pipeline: ComponentPipeline,
    spec: &PipelineSpec,
    items: impl Stream<Item = String> + Send + 'static,
) -> Result<(), Problem> {
    let deployed = spec.prepare(host.deploy_pipeline(pipeline))?.await?;
    let (wrong, mut reason) = mpsc::unbounded_channel();
    let mut outcomes = if deployed.pipeline().inputs().is_empty() {
        deployed.run_sources()
    } else {
        deployed.run(read(&deployed, items, wrong))
    };
    while let Some(outcome) = outcomes.next().await {
        let came = Came::of(outcome);
        if let Some(problem) = print(common, &came) {
            return Err(problem);
        }
    }
    reason.try_recv().map_or(Ok(()), Err)
}

/// Parses lines into items. Stops at the first line that is not a valid item, and sends the problem
/// to `wrong`.
fn read(
    deployed: &PipelineDeployment,
    lines: impl Stream<Item = String> + Send + 'static,
    wrong: mpsc::UnboundedSender<Problem>,
) -> impl Stream<Item = airssys_wasm_host::pipeline::Inputs> + Send + 'static {
    let pipeline = deployed.pipeline();
    lines.scan((), move |(), line| {
        // The receiver is dropped if the run is aborted.
        let item = inputs(&pipeline, &line).map_err(|problem| drop(wrong.send(problem)));
        std::future::ready(item.ok())
    })
}

/// Prints a line of the response, and records the result of the run in `ended`.
fn show(common: &Common, line: &str, ended: &mut Result<(), Problem>) {
    match serde_json::from_str::<Came>(line) {
        Ok(Came::Done { .. }) => *ended = Ok(()),
        Ok(came) => {
            if let Some(problem) = print(common, &came) {
                *ended = Err(problem);
            }
        }
        Err(error) => {
            let message = "the host process sent an outcome that cannot be parsed";
            *ended = Err(Problem::new(kinds::PROTOCOL, message).because(error));
        }
    }
}

/// Prints the values of an outcome, one per line. Returns the problem if the run failed.
fn print(common: &Common, came: &Came) -> Option<Problem> {
    match came {
        Came::Ended { problem } => return Some(problem.clone()),
        Came::Done { .. } => {}
        Came::Outcome { .. } if common.output == Format::Json => common.output.line(came),
        Came::Outcome { outputs, .. } => outputs
            .iter()
            .for_each(|output| say(Page::of_text(&output.value))),
    }
    None
}

/// Returns the items of the arguments, or by default the lines of standard input.
fn items(said: Vec<String>) -> impl Stream<Item = String> + Send + 'static {
    if said.is_empty() {
        standard_input().left_stream()
    } else {
        stream::iter(said).right_stream()
    }
}

/// Returns the lines of standard input as they arrive, without empty ones. A separate thread reads
/// them; it is not joined, and ends with the process.
fn standard_input() -> impl Stream<Item = String> + Send + 'static {
    let (sender, receiver) = mpsc::channel(64);
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines().map_while(Result::ok);
        let mut lines = lines.filter(|line| !line.trim().is_empty());
        while lines
            .next()
            .is_some_and(|line| sender.blocking_send(line).is_ok())
        {}
    });
    stream::unfold(receiver, async |mut receiver| {
        Some((receiver.recv().await?, receiver))
    })
}

/// Prints dead letters on standard error, one line of JSON each.
struct Told;

impl DeadLetters for Told {
    fn take(&self, letter: DeadLetter) {
        mention_json(&LetterView::from(letter));
    }
}
