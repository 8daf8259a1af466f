//! No SDK: small functions, each of which accepts the result of another.

use std::cell::RefCell;

wit_bindgen::generate!();

use exports::demo::stages::stages::{Guest as Stages, Marks, Mood, Note, Wide};

thread_local! {
    static BEFORE: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Plain;

export!(Plain);

impl Guest for Plain {
    fn remember(text: String) -> String {
        BEFORE.with_borrow_mut(|before| {
            before.push_str(&text);
            before.clone()
        })
    }
}

impl Stages for Plain {
    fn count(text: String) -> u32 {
        u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
    }

    fn double(n: u32) -> u32 {
        n.wrapping_mul(2)
    }

    fn add(a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }

    fn echo_after(n: u32, ms: u64) -> u32 {
        std::thread::sleep(std::time::Duration::from_millis(ms));
        n
    }

    fn spell(n: u32) -> String {
        n.to_string()
            .chars()
            .map(|digit| format!("<{digit}>"))
            .collect()
    }

    fn upper(text: String) -> String {
        text.to_uppercase()
    }

    fn say(text: String) -> String {
        println!("{text}");
        text
    }

    fn bytes(text: String) -> Vec<u8> {
        text.into_bytes()
    }

    fn reverse(data: Vec<u8>) -> Vec<u8> {
        data.into_iter().rev().collect()
    }

    fn describe(text: String) -> Note {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let shouts = text.matches('!').count();
        let mood = match (words.len(), shouts) {
            (0, _) => Mood::None,
            (1, _) => Mood::Named(words[0].clone()),
            (count, 0) => Mood::Calm(text.len() as f32 / count as f32),
            (_, shouts) => Mood::Loud(shouts as u64),
        };
        let mut marks = Marks::empty();
        marks.set(Marks::QUESTION, text.contains('?'));
        marks.set(Marks::EXCLAMATION, shouts > 0);
        Note {
            text,
            words,
            mood,
            marks,
        }
    }

    fn render(note: Note) -> String {
        format!("{note:?}")
    }

    fn widen(text: String) -> Wide {
        let n = text.len() as u64;
        Wide {
            first: (n, n + 1, n + 2, n + 3, n + 4, n + 5),
            second: (
                n as u8,
                -(n as i16),
                n as f32 / 2.0,
                n as f64 / 4.0,
                text.chars().next().unwrap_or('-'),
                n > 3,
            ),
            rest: text.bytes().map(u32::from).collect(),
            last: text.bytes().last().map(|byte| byte as i8),
            text,
        }
    }

    fn narrow(wide: Wide) -> String {
        format!("{wide:?}")
    }

    fn parse(text: String) -> Result<u32, String> {
        text.parse().map_err(|error| format!("`{text}`: {error}"))
    }

    fn halve(n: u32) -> Result<u32, String> {
        if n.is_multiple_of(2) {
            Ok(n / 2)
        } else {
            Err(format!("{n} is odd"))
        }
    }

    fn check(n: u32) -> Result<(), String> {
        if n == 0 {
            Err("nothing is left".into())
        } else {
            Ok(())
        }
    }

    fn join(
        a: String,
        b: u8,
        c: i64,
        d: f32,
        e: f64,
        f: char,
        g: bool,
        h: String,
        i: String,
        j: String,
    ) -> String {
        format!("{a} {b} {c} {d} {e} {f} {g} {h} {i} {j}")
    }

    fn trap(text: String) -> String {
        panic!("trapped by `{text}`");
    }
}
