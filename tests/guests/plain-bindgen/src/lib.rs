//! No SDK: functions over all kinds of values, with wit-bindgen alone. Also used by the benches.

wit_bindgen::generate!();

use exports::demo::values::values::{Colour, Guest as Values, Person, Point, Rights, Shape};

struct Plain;

export!(Plain);

impl Guest for Plain {
    fn add(a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }

    fn echo_bytes(data: Vec<u8>) -> Vec<u8> {
        data
    }

    fn fail(why: String) -> Result<String, String> {
        Err(why)
    }

    fn trap() {
        panic!("trapped as asked");
    }
}

impl Values for Plain {
    fn swap_names(p: Person) -> Person {
        Person {
            given: p.family,
            family: p.given,
        }
    }

    fn mirror(p: Point) -> Point {
        Point { x: -p.x, y: -p.y }
    }

    fn area(s: Shape) -> f64 {
        match s {
            Shape::Circle(radius) => std::f64::consts::PI * radius * radius,
            Shape::Rectangle((width, height)) => width * height,
            Shape::Nothing => 0.0,
        }
    }

    fn next_colour(c: Colour) -> Colour {
        match c {
            Colour::Red => Colour::Green,
            Colour::Green => Colour::Blue,
            Colour::Blue => Colour::Red,
        }
    }

    fn invert(r: Rights) -> Rights {
        !r
    }

    fn first(names: Vec<String>) -> Option<String> {
        names.into_iter().next()
    }

    fn parse(text: String) -> Result<i64, String> {
        text.parse().map_err(|error| format!("`{text}`: {error}"))
    }

    fn check(even: u8) -> Result<(), ()> {
        if even.is_multiple_of(2) {
            Ok(())
        } else {
            Err(())
        }
    }

    fn sort(people: Vec<Person>) -> Vec<Person> {
        let mut people = people;
        people.sort_by(|a, b| (&a.family, &a.given).cmp(&(&b.family, &b.given)));
        people
    }

    fn pair(left: String, right: u16) -> (u16, String) {
        (right, left)
    }

    fn upper(c: char) -> char {
        c.to_ascii_uppercase()
    }

    fn negate(b: bool) -> bool {
        !b
    }

    fn halve(x: f32) -> f32 {
        x / 2.0
    }

    fn integers(a: u8, b: i8, c: u16, d: i16, e: u32, f: i32, g: u64, h: i64) -> Vec<String> {
        vec![
            a.to_string(),
            b.to_string(),
            c.to_string(),
            d.to_string(),
            e.to_string(),
            f.to_string(),
            g.to_string(),
            h.to_string(),
        ]
    }

    fn nest(
        deep: Vec<Option<Result<Shape, Vec<Colour>>>>,
    ) -> Vec<Option<Result<Shape, Vec<Colour>>>> {
        deep
    }
}
