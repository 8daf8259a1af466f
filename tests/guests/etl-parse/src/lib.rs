//! No SDK: parses a line of a table of orders.

wit_bindgen::generate!({
    inline: "
        package demo:orders;

        interface read {
            record order {
                id: u32,
                country: string,
                cents: u64,
            }

            parse: func(line: string) -> result<order, string>;
        }

        world etl-parse {
            export read;
        }
    ",
});

use exports::demo::orders::read::{Guest, Order};

struct Parse;

export!(Parse);

impl Guest for Parse {
    fn parse(line: String) -> Result<Order, String> {
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
}
