//! Adds the tax to an order, at 20 percent.

use airssys_wasm_sdk::prelude::*;

#[component(name = "etl-enrich", wit = "../wit/enrich")]
struct Enrich;

use exports::demo::enrich::api::{Guest, Order, Taxed};

const PERCENT: u32 = 20;

impl Guest for Enrich {
    fn enrich(order: Order) -> Taxed {
        let tax = order.cents * u64::from(PERCENT) / 100;
        Taxed {
            id: order.id,
            country: order.country,
            cents: order.cents,
            tax,
            percent: PERCENT,
        }
    }
}
