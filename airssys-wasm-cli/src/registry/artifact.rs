//! Converts components to OCI artifacts and back, in the CNCF layout for Wasm artifacts.
//!
//! Tests: `airssys-wasm-cli/tests/cli/registry.rs`, with `skopeo`.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use airssys_wasm_host::Component;
use oci_client::client::{Config, ImageLayer};
use oci_client::manifest::{OciDescriptor, OciImageManifest};
use serde_json::json;
use tokio::io::AsyncWrite;

use crate::output::Progress;

const LAYER: &str = "application/wasm";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// Returns the layer, the config and the manifest of a component's artifact.
pub(super) fn to_artifact(component: &Component) -> (ImageLayer, Config, OciImageManifest) {
    let world = component.world();
    let names = |side: &airssys_wasm_host::world::WorldSide| side.names().collect::<Vec<_>>();
    let config = json!({
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [component.digest().to_string()],
        "component": { "exports": names(&world.exports), "imports": names(&world.imports) },
    });
    let layer = ImageLayer::new(component.bytes().to_vec(), LAYER.into(), None);
    let config = Config::new(config.to_string(), CONFIG.into(), None);
    let about = [
        (
            "org.opencontainers.image.title",
            component.name().map(ToString::to_string),
        ),
        (
            "org.opencontainers.image.version",
            component.version().map(ToString::to_string),
        ),
        (
            "org.opencontainers.image.description",
            component.description().map(str::to_owned),
        ),
    ];
    let about: BTreeMap<String, String> = about
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect();
    let manifest = OciImageManifest::build(std::slice::from_ref(&layer), &config, Some(about));
    (layer, config, manifest)
}

/// Returns the only layer of a component's artifact. Fails with a description if the artifact is
/// not a component.
pub(super) fn only_layer(manifest: OciImageManifest) -> Result<OciDescriptor, String> {
    let count = manifest.layers.len();
    let mut layers = manifest.layers.into_iter();
    match (layers.next(), count) {
        (Some(layer), 1) if layer.media_type == LAYER => Ok(layer),
        (Some(layer), 1) => Err(format!(
            "its layer has the media type `{}` instead of `{LAYER}`",
            layer.media_type.escape_debug()
        )),
        _ => Err(format!("it has {count} layers instead of one")),
    }
}

/// A buffer that accepts at most the declared number of bytes.
pub(super) struct BoundedBuffer {
    bytes: Vec<u8>,
    max: usize,
    progress: Progress,
}

impl BoundedBuffer {
    pub(super) fn new(max: usize, progress: Progress) -> Self {
        // The declared size is not trusted: allocate at most 1 MiB ahead.
        Self {
            bytes: Vec::with_capacity(max.min(1 << 20)),
            max,
            progress,
        }
    }

    pub(super) fn into_inner(self) -> Vec<u8> {
        self.bytes
    }
}

impl AsyncWrite for BoundedBuffer {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        more: &[u8],
    ) -> Poll<io::Result<usize>> {
        let bounded = self.get_mut();
        if bounded.bytes.len() + more.len() > bounded.max {
            return Poll::Ready(Err(io::Error::other(
                "received more bytes than the manifest declares",
            )));
        }
        bounded.bytes.extend_from_slice(more);
        bounded.progress.advance(more.len());
        Poll::Ready(Ok(more.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
