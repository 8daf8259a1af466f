//! No SDK: computes integer square roots in three ways, one of which is sometimes wrong.

wit_bindgen::generate!({
    inline: "
        package demo:quorum;

        world quorum-roots {
            /// Parses a number.
            export read: func(text: string) -> result<u32, string>;
            export newton: func(n: u32) -> u32;
            export search: func(n: u32) -> u32;
            /// Computes the root with `f32`, which is wrong where `f32` is not exact.
            export float: func(n: u32) -> u32;
        }
    ",
});

struct Roots;

export!(Roots);

impl Guest for Roots {
    fn read(text: String) -> Result<u32, String> {
        text.parse().map_err(|error| format!("`{text}`: {error}"))
    }

    fn newton(n: u32) -> u32 {
        let n = u64::from(n);
        let better = |root: u64| (root + n / root.max(1)) / 2;
        let mut root = n;
        while better(root) < root {
            root = better(root);
        }
        root as u32
    }

    fn search(n: u32) -> u32 {
        let (mut low, mut high) = (0u64, 1 << 16);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if middle * middle <= u64::from(n) {
                low = middle
            } else {
                high = middle
            }
        }
        low as u32
    }

    fn float(n: u32) -> u32 {
        (n as f32).sqrt() as u32
    }
}
