//! What an embedder provides: functions, data and resources of their own.

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
