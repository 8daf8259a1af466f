//! A toy instead of a language model: it counts good and bad words.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package demo:sentiment;

    interface api {
        record opinion {
            text: string,
            /// The number of good words minus the number of bad ones.
            score: s32,
        }

        judge: func(text: string) -> opinion;
    }

    world model {
        export api;
    }
")]
struct Model;

use exports::demo::sentiment::api::{Guest, Opinion};

const GOOD: [&str; 3] = ["good", "great", "love"];
const BAD: [&str; 3] = ["awful", "bad", "late"];

impl Guest for Model {
    fn judge(text: String) -> Opinion {
        let score = text.split(|c: char| !c.is_alphabetic()).map(weight).sum();
        Opinion { text, score }
    }
}

fn weight(word: &str) -> i32 {
    let word = word.to_lowercase();
    i32::from(GOOD.contains(&word.as_str())) - i32::from(BAD.contains(&word.as_str()))
}
