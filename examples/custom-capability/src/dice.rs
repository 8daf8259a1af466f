//! The provider: its interface, the meaning of its grants, and the check before each operation.

use airssys_wasm_host::wasmtime::component::{HasSelf, Linker, bindgen};
use airssys_wasm_host::{InstanceState, Provider, wasmtime};

bindgen!({
    inline: "
        package demo:dice;

        interface roll {
            /// None if it is not allowed.
            roll: func(sides: u32) -> option<u32>;
        }

        world provided {
            import roll;
        }
    ",
    wasmtime_crate: airssys_wasm_host::wasmtime,
});

/// Rolls dice with up to the granted number of sides.
pub(crate) struct Dice;

impl Provider for Dice {
    fn kind(&self) -> &'static str {
        "demo:dice"
    }

    fn interfaces(&self) -> &'static [&'static str] {
        &["demo:dice/roll"]
    }

    fn check(&self, words: &str) -> Result<(), String> {
        sides_of(words).map(drop)
    }

    fn link(&self, linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
        demo::dice::roll::add_to_linker::<_, HasSelf<InstanceState>>(linker, |state| state)
    }
}

/// Parses a grant such as `sides=20`.
fn sides_of(words: &str) -> Result<u32, String> {
    let sides = words
        .strip_prefix("sides=")
        .and_then(|sides| sides.parse().ok());
    sides.ok_or_else(|| "give the maximum number of sides, as in `demo:dice sides=20`".into())
}

impl demo::dice::roll::Host for InstanceState {
    fn roll(&mut self, sides: u32) -> Option<u32> {
        let allows = |words: &str| sides_of(words).is_ok_and(|most| sides <= most);
        self.ask("demo:dice", format!("sides={sides}"), allows)
            .ok()?;
        // This is a demonstration: a fair die would use random numbers.
        Some(sides.min(4))
    }
}
