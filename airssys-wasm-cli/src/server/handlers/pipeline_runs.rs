//! The handler that runs items through a pipeline.
//!
//! Tests: `airssys-wasm-cli/tests/cli/pipelines.rs`.

use std::sync::Arc;

use airssys_wasm_host::pipeline::{Inputs, PipelineDeployment};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::{Stream, StreamExt as _, stream};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::paths::PipelinePath;
use crate::api::{Problem, RunLine, kinds, parse_inputs};
use crate::lines::lines;
use crate::server::ServerState;
use crate::server::lines::ndjson;
use crate::server::reply::ProblemResponse;

/// Runs items through a pipeline.
///
/// The request body has one item per line, as a WAVE value, or a tuple if the pipeline has several
/// inputs. The response is streamed while items are still being sent, with one line of JSON per
/// outcome. Its last line is the end of the run. A line that is not a valid item ends the run; so
/// does the shutdown of the host process, after the items already sent.
///
/// A pipeline whose items come from its own sources ignores the request body and runs until a
/// source ends. If the client disconnects, the run is cancelled. Fails with `busy` if too many
/// calls and followers are in progress.
#[utoipa::path(
    post,
    path = "/v1/pipelines/{name}/run",
    operation_id = "run_pipeline",
    summary = "Run items through a pipeline",
    request_body(content = String, content_type = "text/plain"),
    params(PipelinePath),
    responses((status = 200, body = RunLine, content_type = "application/x-ndjson")),
)]
pub(super) async fn run(
    State(server): State<ServerState>,
    Path(PipelinePath { name }): Path<PipelinePath>,
    body: Body,
) -> Result<Response, ProblemResponse> {
    let pipeline = server.host.pipelines().get(&name).await?;
    let failure = Arc::new(Mutex::new(None));
    let interrupted = Arc::clone(&failure);
    let shutdown = server.shutdown.clone();
    let until = async move {
        shutdown.started().await;
        let message = "the host process is shutting down and accepts no more items; earlier ones were completed";
        interrupted
            .lock()
            .get_or_insert_with(|| Problem::new(kinds::NO_HOST, message));
    };
    // Items already in the pipeline are completed during the drain.
    let items = parse_items(&pipeline, lines(body.into_data_stream()), &failure)
        .take_until(Box::pin(until));
    let outcomes = if pipeline.pipeline().inputs().is_empty() {
        pipeline.run_sources()
    } else {
        pipeline.run(items)
    };
    let last = stream::once(async move {
        failure
            .lock()
            .take()
            .map_or(RunLine::Done { done: true }, |problem| RunLine::Ended {
                problem,
            })
    });
    Ok(ndjson(
        spawn_reader(outcomes)
            .map(RunLine::from_outcome)
            .chain(last),
    ))
}

/// Reads a run's outcomes in a task on the current runtime, because the response is read on another
/// one. Dropping the stream ends the run.
fn spawn_reader<T: Send + 'static>(
    mut outcomes: impl Stream<Item = T> + Send + Unpin + 'static,
) -> impl Stream<Item = T> + Send + 'static {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(outcome) =
            tokio::select! { it = outcomes.next() => it, () = sender.closed() => None }
        {
            if sender.send(outcome).await.is_err() {
                break;
            }
        }
    });
    stream::poll_fn(move |context| receiver.poll_recv(context))
}

/// Parses items from lines. Ends at the first invalid line, whose problem is stored in `failure`.
fn parse_items(
    pipeline: &PipelineDeployment,
    lines: impl Stream<Item = Result<String, Problem>> + Send + 'static,
    failure: &Arc<Mutex<Option<Problem>>>,
) -> impl Stream<Item = Inputs> + Send + 'static {
    let (pipeline, failure) = (pipeline.pipeline(), Arc::clone(failure));
    let read = lines.map(move |line| line.and_then(|line| parse_inputs(&pipeline, &line)));
    read.scan((), move |(), item| {
        std::future::ready(item.map_err(|problem| *failure.lock() = Some(problem)).ok())
    })
}
