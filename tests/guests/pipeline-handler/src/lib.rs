//! No SDK: formats an opinion as a line of text.

wit_bindgen::generate!({
    inline: "
        package demo:report;

        interface lines {
            record opinion {
                text: string,
                score: s32,
            }

            line: func(opinion: opinion) -> string;
        }

        world handler {
            export lines;
        }
    ",
});

use exports::demo::report::lines::{Guest, Opinion};

struct Handler;

export!(Handler);

impl Guest for Handler {
    fn line(opinion: Opinion) -> String {
        let word = match opinion.score {
            1.. => "friendly",
            0 => "neutral",
            _ => "unfriendly",
        };
        format!("{:+} {word}: {}", opinion.score, opinion.text)
    }
}
