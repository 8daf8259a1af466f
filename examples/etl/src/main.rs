//! Processes a table of 100,000 orders in three stages, one of which is replaced half-way.
//!
//! `parse` reads a line, `enrich` adds a tax, and `format` writes a line. Lines that cannot be
//! parsed become dead letters with their cause. The second version of `enrich` has a different
//! rate, so that each row shows which version made it. The speed is printed to standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints"
)]

mod input;
mod row;
mod table;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use airssys_wasm_host::pipeline::{
    DeadLetter, Item, OnError, Outcome, PipelineDeployment, StageOptions,
};
use airssys_wasm_host::{Component, ComponentPipeline, Host};
use futures_util::TryStreamExt as _;
use input::Input;
use row::{Row, Totals};
use tokio::sync::mpsc::unbounded_channel;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("orders.csv");
    table::write(&file)?;

    let host = Host::builder().build()?;
    let (sender, mut letters) = unbounded_channel();
    let pipeline = host
        .pipelines()
        .deploy(stages()?)
        .dead_letters(sender)
        .await?;
    let (outcomes, input) = run(&pipeline, &file).await?;

    println!("rows read:    {}", input.lines());
    println!(
        "rows out:     {}",
        outcomes
            .iter()
            .filter(|outcome| !outcome.outputs.is_empty())
            .count()
    );
    while let Ok(letter) = letters.try_recv() {
        print_letter(letter);
    }
    let rows = outcomes
        .into_iter()
        .filter_map(row)
        .collect::<Result<Vec<_>>>()?;
    check(&rows, &input);
    pipeline.remove().await?;
    Ok(())
}

fn stages() -> Result<ComponentPipeline> {
    let aside = StageOptions::new().on_error(OnError::DeadLetter);
    let pipeline = ComponentPipeline::builder()
        .name("etl")
        .add_component_with("parse", component("etl-parse")?, aside)
        .add_component("enrich", component("etl-enrich-v1")?)
        .add_component("format", component("etl-format")?)
        .connect("parse.output", "enrich.input")
        .connect("enrich.output", "format.input");
    Ok(pipeline.build()?)
}

/// Sends the file through the pipeline, and replaces `enrich` once half of it has been read.
async fn run(pipeline: &PipelineDeployment, file: &Path) -> Result<(Vec<Outcome>, Input)> {
    let input = Input::default();
    let outcomes = pipeline.run(input.open(file)?);
    let begun = Instant::now();
    let replaced = async {
        input.wait_for_half().await;
        let update = pipeline
            .update("enrich", component("etl-enrich-v2")?)
            .await?;
        input.mark_replaced();
        eprintln!("the update took {:.0?}", update.took());
        Ok::<_, Box<dyn Error + Send + Sync>>(())
    };
    let read = async { Ok(outcomes.try_collect::<Vec<_>>().await?) };
    let (outcomes, ()) = tokio::try_join!(read, replaced)?;
    eprintln!(
        "{:.0} rows a second",
        f64::from(input.lines()) / begun.elapsed().as_secs_f64()
    );
    Ok((outcomes, input))
}

/// Returns the row that resulted from an item, if any.
fn row(outcome: Outcome) -> Option<Result<Row>> {
    let line = outcome.sequence + 1;
    outcome
        .into_item()
        .and_then(Item::into_text)
        .map(|text| Row::read(line, &text))
}

fn print_letter(letter: DeadLetter) {
    let line = letter
        .inputs
        .into_iter()
        .next()
        .and_then(Item::into_text)
        .unwrap_or_default();
    println!(
        "dead letter:  line {}, `{line}`: {}",
        letter.sequence + 1,
        letter.cause
    );
}

fn check(rows: &[Row], input: &Input) {
    let (old, new) = (
        Totals::for_rate(rows, row::OLD),
        Totals::for_rate(rows, row::NEW),
    );
    let after = rows.iter().filter(|row| row.line >= input.first_after());
    println!(
        "valid and made by one version: {}",
        rows.iter().all(Row::is_right)
    );
    println!(
        "made by the old or the new version: {}",
        old.rows + new.rows == rows.len()
    );
    println!("both versions made rows: {}", old.rows > 0 && new.rows > 0);
    println!(
        "made only by the new version after the update: {}",
        after.clone().all(Row::is_new)
    );
    println!(
        "prices of both versions together: {} cents",
        old.cents + new.cents
    );
    println!(
        "the same as in the table: {}",
        old.cents + new.cents == table::cents()
    );
    eprintln!("old: {} rows, {} cents of tax", old.rows, old.tax);
    eprintln!(
        "new: {} rows, {} cents of tax; {} after the update",
        new.rows,
        new.tax,
        after.count()
    );
}

/// Loads a guest program of `tests/guests`.
fn component(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Ok(Component::from_file(format!("{components}/{name}.wasm"))?)
}
