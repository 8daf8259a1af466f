//! No SDK: uses everything that an embedder provides, with wit-bindgen alone.

mod probe;

wit_bindgen::generate!({ path: "../wit/embedding", world: "embedding", generate_all });

struct Embedding;

export!(Embedding);
