//! Writes grants repeatedly until it is killed; used by `tests/suite/capabilities/grants_file.rs`.

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::write_grants;

fn main() {
    let path = std::env::args_os().nth(1).expect("the path to write to");
    let few = Grants::new().allow("config first value=1").expect("a rule");
    let many = (0..500).fold(Grants::new(), |grants, n| {
        grants
            .allow(&format!("config key-{n} value=something"))
            .expect("a rule")
    });
    loop {
        write_grants(&path, &many).expect("written");
        write_grants(&path, &few).expect("written");
    }
}
