//! No SDK: a function imported at world level, with wit-bindgen alone.

wit_bindgen::generate!({
    inline: "
        package acme:root@1.0.0;

        world plain-root-import {
            import print: func(line: string);
            export go: func();
        }
    ",
});

struct Plain;

export!(Plain);

impl Guest for Plain {
    fn go() {
        print("gone");
    }
}
