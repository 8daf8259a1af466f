//! Rolls dice through an interface that only some hosts provide.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package demo:dice;

    interface roll {
        roll: func(sides: u32) -> option<u32>;
    }

    world dice-player {
        import roll;
        export play: func(sides: u32) -> result<u32, string>;
    }
")]
#[component_capabilities(
    custom("demo:dice sides=6"),
    optional(custom("demo:dice sides=20"), reason = "for games with larger dice")
)]
struct Player;

impl Guest for Player {
    fn play(sides: u32) -> Result<u32, String> {
        demo::dice::roll::roll(sides).ok_or_else(|| "not allowed".to_owned())
    }
}
