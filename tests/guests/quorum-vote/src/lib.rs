//! No SDK: returns the majority of three answers.

wit_bindgen::generate!({
    inline: "
        package demo:vote;

        interface api {
            record verdict {
                votes: list<u32>,
                /// `none` if all three differ.
                answer: option<u32>,
            }

            vote: func(a: u32, b: u32, c: u32) -> verdict;
        }

        world quorum-vote {
            export api;
        }
    ",
});

use exports::demo::vote::api::{Guest, Verdict};

struct Vote;

export!(Vote);

impl Guest for Vote {
    fn vote(a: u32, b: u32, c: u32) -> Verdict {
        let answer = if a == b || a == c {
            Some(a)
        } else {
            (b == c).then_some(b)
        };
        Verdict {
            votes: vec![a, b, c],
            answer,
        }
    }
}
