//! No SDK: writes an order and its tax as a line.

wit_bindgen::generate!({
    inline: "
        package demo:orders;

        interface write {
            record taxed {
                id: u32,
                country: string,
                cents: u64,
                tax: u64,
                percent: u32,
            }

            format: func(order: taxed) -> string;
        }

        world etl-format {
            export write;
        }
    ",
});

use exports::demo::orders::write::{Guest, Taxed};

struct Format;

export!(Format);

impl Guest for Format {
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
}
