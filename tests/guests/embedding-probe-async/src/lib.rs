//! The guest `embedding-probe` with an additional async export.

#[path = "../../embedding-probe/src/probe.rs"]
mod probe;

wit_bindgen::generate!({ path: "../wit/embedding", world: "embedding-async", generate_all });

struct Embedding;

export!(Embedding);

impl Guest for Embedding {
    async fn give_way() {
        wit_bindgen::yield_async().await;
    }
}
