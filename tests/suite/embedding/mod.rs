//! Functions, data and resources that an embedder provides.

mod data;
mod editor;
mod errors;
mod functions;
mod identity;
mod imports;
mod mistakes;
mod panics;
mod plain;
mod resources;
