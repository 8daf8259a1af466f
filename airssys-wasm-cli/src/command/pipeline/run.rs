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

/// Send items through a pipeline, and print what comes out
///
/// An item is a value in WAVE, `"Ada"` or `{id: 1}`; a tuple of them for a pipeline with several
/// inputs. They come from the arguments, or else from standard input, one a line. A pipeline
/// with sources of its own takes none.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// The name of one that is deployed; or a pipeline's file, which needs no host process
    #[arg(value_name = "NAME|FILE")]
    pipeline: String,
    /// The items; the lines of standard input unless said
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
                let message = "what a pipeline that is deployed is granted was said then; `airssys-wasm caps grant PIPELINE:STAGE` grants more";
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

/// Items from lines, up to one that is none.
fn read(
    deployed: &PipelineDeployment,
    lines: impl Stream<Item = String> + Send + 'static,
    wrong: mpsc::UnboundedSender<Problem>,
) -> impl Stream<Item = airssys_wasm_host::pipeline::Inputs> + Send + 'static {
    let pipeline = deployed.pipeline();
    lines.scan((), move |(), line| {
        // Nobody asks why a run has ended that is given up.
        let item = inputs(&pipeline, &line).map_err(|problem| drop(wrong.send(problem)));
        std::future::ready(item.ok())
    })
}

/// Shows a line of an answer, and remembers how the run has ended.
fn show(common: &Common, line: &str, ended: &mut Result<(), Problem>) {
    match serde_json::from_str::<Came>(line) {
        Ok(Came::Done { .. }) => *ended = Ok(()),
        Ok(came) => {
            if let Some(problem) = print(common, &came) {
                *ended = Err(problem);
            }
        }
        Err(error) => {
            let message = "the host process tells an outcome that cannot be read";
            *ended = Err(Problem::new(kinds::PROTOCOL, message).because(error));
        }
    }
}

/// Prints an outcome: its values, a line each.
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

/// What was said, or the lines of standard input.
fn items(said: Vec<String>) -> impl Stream<Item = String> + Send + 'static {
    if said.is_empty() {
        standard_input().left_stream()
    } else {
        stream::iter(said).right_stream()
    }
}

/// Its lines as they come; empty ones are left out. They are read in a thread of their own,
/// which ends with the process.
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

/// Tells what was put aside on standard error, a line of JSON each.
struct Told;

impl DeadLetters for Told {
    fn take(&self, letter: DeadLetter) {
        mention_json(&LetterView::from(letter));
    }
}
