//! `airssys-wasm pipeline run`

use std::io::BufRead as _;

use airssys_wasm_core::pipeline::ComponentPipeline;
use airssys_wasm_host::Host;
use airssys_wasm_host::pipeline::{DeadLetter, DeadLetterReceiver, PipelineDeployment};
use clap::Args;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc;

use super::api_path;
use super::definition::PipelineFile;
use super::deploy::StageGrants;
use super::graph::file_path;
use crate::api::{DeadLetterView, PipelineSpec, Problem, RunLine, kinds, parse_inputs};
use crate::command::CommonOptions;
use crate::command::run::StderrGuestLog;
use crate::output::{OutputFormat, Page, print_error_json, print_page};

/// Send items through a pipeline and print its outputs
///
/// An item is a value in WAVE, such as `"Ada"` or `{id: 1}`, or a tuple of values for a pipeline
/// with several inputs. Items are read from the arguments, or from standard input, one per line. A
/// pipeline with its own sources takes none.
#[derive(Args, Debug)]
pub(super) struct PipelineRunCommand {
    /// Name of a deployed pipeline, or a pipeline file, which needs no host process
    #[arg(value_name = "NAME|FILE")]
    pipeline: String,
    /// Items to send; defaults to the lines of standard input
    #[arg(value_name = "ITEM")]
    items: Vec<String>,
    #[command(flatten)]
    grants: StageGrants,
}

impl PipelineRunCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let items = item_stream(self.items);
        match file_path(&self.pipeline) {
            Some(file) => {
                let definition = PipelineFile::read(file)?;
                let pipeline = definition.build(&common.client()?).await?;
                let spec = PipelineSpec {
                    definition: definition.definition,
                    grants: self.grants.to_grants()?,
                };
                run_locally(common, pipeline, &spec, items).await
            }
            None if self.grants.to_grants()?.is_empty() => {
                let cut_off =
                    Problem::new(kinds::NO_HOST, "the host process ended before the run did");
                let mut ended = Err(cut_off);
                let each = |line: &str| handle_line(common, line, &mut ended);
                common
                    .client()?
                    .exchange(&api_path(&self.pipeline, "/run"), items, each)
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

async fn run_locally(
    common: &CommonOptions,
    pipeline: ComponentPipeline,
    spec: &PipelineSpec,
    items: impl Stream<Item = String> + Send + 'static,
) -> Result<(), Problem> {
    let host = Host::builder()
        .pooled_instances_max(64)
        .guest_log(StderrGuestLog)
        .dead_letters(StderrDeadLetters)
        .build()?;
    let outcome = run_on(&host, common, pipeline, spec, items).await;
    host.logs().flush().await;
    outcome
}

async fn run_on(
    host: &Host,
    common: &CommonOptions,
    pipeline: ComponentPipeline,
    spec: &PipelineSpec,
    items: impl Stream<Item = String> + Send + 'static,
) -> Result<(), Problem> {
    let deployed = spec.prepare(host.pipelines().deploy(pipeline))?.await?;
    let (wrong, mut reason) = mpsc::unbounded_channel();
    let mut outcomes = if deployed.pipeline().inputs().is_empty() {
        deployed.run_sources()
    } else {
        deployed.run(parse_items(&deployed, items, wrong))
    };
    while let Some(outcome) = outcomes.next().await {
        let came = RunLine::from_outcome(outcome);
        if let Some(problem) = print_outcome(common, &came) {
            return Err(problem);
        }
    }
    reason.try_recv().map_or(Ok(()), Err)
}

/// Parses lines into items. Stops at the first line that is not a valid item, and sends the problem
/// to `wrong`.
fn parse_items(
    deployed: &PipelineDeployment,
    lines: impl Stream<Item = String> + Send + 'static,
    wrong: mpsc::UnboundedSender<Problem>,
) -> impl Stream<Item = airssys_wasm_host::pipeline::Inputs> + Send + 'static {
    let pipeline = deployed.pipeline();
    lines.scan((), move |(), line| {
        // The receiver is dropped if the run is aborted.
        let item = parse_inputs(&pipeline, &line).map_err(|problem| drop(wrong.send(problem)));
        std::future::ready(item.ok())
    })
}

/// Prints a line of the response, and records the result of the run in `ended`.
fn handle_line(common: &CommonOptions, line: &str, ended: &mut Result<(), Problem>) {
    match serde_json::from_str::<RunLine>(line) {
        Ok(RunLine::Done { .. }) => *ended = Ok(()),
        Ok(came) => {
            if let Some(problem) = print_outcome(common, &came) {
                *ended = Err(problem);
            }
        }
        Err(error) => {
            let message = "the host process sent an outcome that cannot be parsed";
            *ended = Err(Problem::new(kinds::PROTOCOL, message).with_cause(error));
        }
    }
}

/// Prints the values of an outcome, one per line. Returns the problem if the run failed.
fn print_outcome(common: &CommonOptions, came: &RunLine) -> Option<Problem> {
    match came {
        RunLine::Ended { problem } => return Some(problem.clone()),
        RunLine::Done { .. } => {}
        RunLine::Outcome { .. } if common.output == OutputFormat::Json => {
            common.output.print_json_line(came)
        }
        RunLine::Outcome { outputs, .. } => outputs
            .iter()
            .for_each(|output| print_page(Page::from_text(&output.value))),
    }
    None
}

/// Returns the items of the arguments, or by default the lines of standard input.
fn item_stream(said: Vec<String>) -> impl Stream<Item = String> + Send + 'static {
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
struct StderrDeadLetters;

impl DeadLetterReceiver for StderrDeadLetters {
    fn receive(&self, letter: DeadLetter) {
        print_error_json(&DeadLetterView::from(letter));
    }
}
