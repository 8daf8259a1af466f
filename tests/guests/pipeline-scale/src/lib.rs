//! No SDK: multiplies by the variable `FACTOR`, which counts as 0 if it is not granted.

wit_bindgen::generate!({
    inline: "
        package demo:scale;

        world scale {
            export scale: func(n: u32) -> u32;
        }
    ",
});

struct Scale;

export!(Scale);

impl Guest for Scale {
    fn scale(n: u32) -> u32 {
        let factor = std::env::var("FACTOR")
            .ok()
            .and_then(|factor| factor.parse().ok());
        n.wrapping_mul(factor.unwrap_or(0))
    }
}
