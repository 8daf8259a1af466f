//! The guests' functions in plain Rust, each as in `tests/guests/etl-*`.

use super::TableResult;

const PERCENT: u32 = 19;

struct Order {
    id: u32,
    country: String,
    cents: u64,
}

struct Taxed {
    id: u32,
    country: String,
    cents: u64,
    tax: u64,
    percent: u32,
}

/// Processes all rows, one after another.
pub(super) fn table(lines: &[String]) -> TableResult {
    let mut table = TableResult::default();
    for line in lines {
        match parse(line) {
            Ok(order) => table.written.push(format(enrich(order))),
            Err(_) => table.unread += 1,
        }
    }
    table
}

fn parse(line: &str) -> Result<Order, String> {
    let columns: Vec<&str> = line.split(',').collect();
    let [id, country, cents] = columns[..] else {
        return Err(format!("{} columns, expected 3", columns.len()));
    };
    if country.is_empty() {
        return Err("no country".into());
    }
    let id = id
        .parse()
        .map_err(|_| format!("the id `{id}` is not a number"))?;
    let cents = cents
        .parse()
        .map_err(|_| format!("the price `{cents}` is not a number"))?;
    Ok(Order {
        id,
        country: country.into(),
        cents,
    })
}

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

fn format(order: Taxed) -> String {
    let Taxed {
        id,
        country,
        cents,
        tax,
        percent,
    } = order;
    format!("{id},{country},{cents},{tax},{percent}")
}
