//! Sends 4 MiB through a chain of stages, and compares the result with native code.
//!
//! Bytes are passed as they are, never converted one by one, as the lane of each edge shows.
#![expect(clippy::print_stdout, reason = "an example prints")]

use airssys_wasm_host::pipeline::{Item, StageOptions};
use airssys_wasm_host::{Component, ComponentPipeline, Host, Result};

const SIZE: usize = 4 << 20;

#[tokio::main]
async fn main() -> Result<()> {
    let bytes = component("transform-bytes")?;
    let of = |function| StageOptions::new().function(function);
    let pipeline = ComponentPipeline::builder()
        .name("transform")
        .add_component_with("invert", bytes.clone(), of("invert"))
        .add_component_with("reverse", bytes.clone(), of("reverse"))
        .add_component_with("checksum", bytes, of("checksum"))
        .connect("invert.output", "reverse.input")
        .connect("reverse.output", "checksum.input")
        .build()?;

    let host = Host::builder().build()?;
    let pipeline = host.pipelines().deploy(pipeline).await?;
    print_lanes(&pipeline.pipeline());

    let data: Vec<u8> = (0..SIZE).map(|n| (n * n / 7) as u8).collect();
    let outcome = pipeline.call(data.clone()).await?;
    let sum = outcome
        .into_item()
        .and_then(Item::into_bytes)
        .unwrap_or_default();
    println!("{SIZE} bytes, by components: {}", hex(&sum));
    println!(
        "{SIZE} bytes, natively:      {}",
        hex(&checksum_natively(data).to_be_bytes())
    );
    Ok(())
}

fn print_lanes(pipeline: &ComponentPipeline) {
    let name = |stage: usize| pipeline.stages()[stage].name();
    for edge in pipeline.edges() {
        println!(
            "{} -> {}: {}",
            name(edge.from()),
            name(edge.to()),
            edge.lane().as_str()
        );
        println!("    {}", edge.lane_reason());
    }
}

/// Computes natively what the three stages compute.
fn checksum_natively(data: Vec<u8>) -> u64 {
    let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    data.into_iter()
        .map(|byte| !byte)
        .rev()
        .fold(0xcbf2_9ce4_8422_2325, step)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Loads a guest program of `tests/guests`.
fn component(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))
}
