//! Nothing of ours: uses what an embedder provides, by wit-bindgen alone.

mod probe;

wit_bindgen::generate!({ path: "../wit/embedding", world: "embedding", generate_all });

struct Embedding;

export!(Embedding);
