//! No SDK: inverts, reverses and sums bytes.

wit_bindgen::generate!({
    inline: "
        package demo:transform;

        world transform-bytes {
            export invert: func(data: list<u8>) -> list<u8>;
            export reverse: func(data: list<u8>) -> list<u8>;
            /// Returns the 64-bit FNV-1a hash, most significant byte first.
            export checksum: func(data: list<u8>) -> list<u8>;
        }
    ",
});

struct Transform;

export!(Transform);

impl Guest for Transform {
    fn invert(mut data: Vec<u8>) -> Vec<u8> {
        data.iter_mut().for_each(|byte| *byte = !*byte);
        data
    }

    fn reverse(mut data: Vec<u8>) -> Vec<u8> {
        data.reverse();
        data
    }

    fn checksum(data: Vec<u8>) -> Vec<u8> {
        let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        data.into_iter()
            .fold(0xcbf2_9ce4_8422_2325, step)
            .to_be_bytes()
            .into()
    }
}
