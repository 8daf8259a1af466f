//! Writes many records to the log.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package limits:flood-log;

    world limits-flood-log {
        /// Writes records of each level in rotation.
        export flood: func(records: u32, message: string);
    }
")]
struct FloodLog;

impl Guest for FloodLog {
    fn flood(records: u32, message: String) {
        let levels: Vec<_> = log::Level::iter().collect();
        for level in levels.iter().cycle().take(records as usize) {
            log::log!(*level, "{message}");
        }
    }
}
