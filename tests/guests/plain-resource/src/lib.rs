//! No SDK: an interface with a resource, with wit-bindgen alone.

wit_bindgen::generate!({
    inline: "
        package demo:resources;

        interface counters {
            resource counter {
                constructor(start: u32);
                next: func() -> u32;
            }
        }

        world plain-resource {
            export counters;
        }
    ",
});

use std::cell::Cell;

use exports::demo::resources::counters::{Guest, GuestCounter};

struct Plain;

export!(Plain);

impl Guest for Plain {
    type Counter = Counter;
}

struct Counter(Cell<u32>);

impl GuestCounter for Counter {
    fn new(start: u32) -> Self {
        Self(Cell::new(start))
    }

    fn next(&self) -> u32 {
        self.0.replace(self.0.get().wrapping_add(1))
    }
}
