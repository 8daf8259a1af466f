//! Performs one attempt for real, and reports the result.
//!
//! Uses the raw interfaces of WASI, so that no library normalizes a path or an address first. The
//! `match` in `attempt` lists all attempts.

mod files;
mod http;
mod sockets;
mod values;

use airssys_wasm_sdk::prelude::*;

wit_bindgen::generate!({
    inline: "
        package attack:imports;

        world values {
            import wasi:config/store@0.2.0-rc.1;
            import wasi:logging/logging@0.1.0-draft;
            import airssys:secrets/store@0.1.0;
        }
    ",
    path: ["../../../wit/deps/config", "../../../wit/deps/logging", "../../../wit/secrets"],
    world: "attack:imports/values",
    generate_all,
});

#[component(wit_inline = "
    package attack:probe;

    world attack-probe {
        /// Returns the data obtained, or the error that the guest received.
        export attempt: func(what: string, arguments: list<string>) -> result<string, string>;
    }
")]
struct Probe;

impl Guest for Probe {
    fn attempt(what: String, arguments: Vec<String>) -> Result<String, String> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        attempt(&what, &arguments)
    }
}

/// Attempts are named after shell commands.
fn attempt(what: &str, arguments: &[&str]) -> Result<String, String> {
    match (what, arguments) {
        ("read", [path]) => files::read(path),
        ("read-stream", [path]) => files::read_stream(path),
        ("open-neither", [path]) => files::open_neither(path),
        ("list", [path]) => files::list(path),
        ("open-many", [path, times]) => files::open_many(path, times),
        ("stat", [path]) => files::stat(path),
        ("hash", [path]) => files::hash(path),
        ("identity", [path]) => files::identity(path),
        ("identity-kept", []) => files::identity_kept(),
        ("hash-kept", []) => files::hash_kept(),
        ("readlink", [path]) => files::readlink(path),
        ("write", [path, text]) => files::write(path, text),
        ("append", [path, text]) => files::append(path, text),
        ("write-at", [path, offset, text]) => files::write_at(path, offset, text),
        ("truncate", [path]) => files::truncate(path),
        ("create", [path]) => files::create(path),
        ("set-size", [path, size]) => files::set_size(path, size),
        ("set-times", [path]) => files::set_times(path),
        ("mkdir", [path]) => files::create_directory(path),
        ("rmdir", [path]) => files::remove_directory(path),
        ("remove", [path]) => files::remove(path),
        ("rename", [from, to]) => files::rename(from, to),
        ("copy", [from, to]) => files::copy(from, to),
        ("link", [from, to]) => files::link(from, to),
        ("symlink", [target, path]) => files::symlink(target, path),
        ("symlink-and-read", [target, path]) => {
            files::symlink(target, path).and_then(|_| files::read(path))
        }
        ("race", [path, times]) => files::race(path, times),
        ("keep", [path]) => files::keep(path),
        ("keep-writable", [path]) => files::keep_writable(path),
        ("read-kept", []) => files::read_kept(),
        ("stat-kept", []) => files::stat_kept(),
        ("write-kept", [text]) => files::write_kept(text),
        ("set-times-kept", []) => files::set_times_kept(),
        ("read-in-kept", [path]) => files::read_in_kept(path),
        ("http", [method, url, headers @ ..]) => http::request(method, url, headers),
        ("http-raw", [method, scheme, authority, path]) => {
            http::raw(method, scheme, Some(authority), path)
        }
        ("http-stream", [url, seconds]) => http::stream(url, seconds),
        ("http-many", [url, times]) => http::request_many(url, times),
        ("http-upload", [url]) => http::upload(url),
        ("tcp", [address]) => sockets::connect(address),
        ("tcp-name", [name, port]) => sockets::connect_name(name, port),
        ("tcp-listen", [address]) => sockets::listen(address),
        ("tcp-keep", [address]) => sockets::keep(address),
        ("tcp-kept", []) => sockets::use_kept(),
        ("udp", [address]) => sockets::send(address),
        ("udp-name", [name, port]) => sockets::send_name(name, port),
        ("udp-listen", [address]) => sockets::bind_udp(address),
        ("udp-many", [address, times]) => sockets::bind_many(address, times),
        ("lookup", [name]) => sockets::look_up(name),
        ("env", [name]) => values::variable(name),
        ("variables", []) => values::variables(),
        ("config", [key]) => values::config(key),
        ("config-all", []) => values::config_all(),
        ("secret", [name]) => values::secret(name),
        ("log", [message]) => values::log(message),
        ("flood", [what, argument, times]) => flood(what, argument, times),
        _ => Err(format!("no such attempt: {what} {arguments:?}")),
    }
}

/// Repeats an attempt many times.
fn flood(what: &str, argument: &str, times: &str) -> Result<String, String> {
    let times: u32 = times.parse().map_err(|_| "`times` is not a number")?;
    let refused = (0..times)
        .filter(|_| attempt(what, &[argument]).is_err())
        .count();
    Ok(format!("{refused} of {times} refused"))
}

/// Calls `open` `times` times, holds each result, and counts them until one fails.
fn hold<T>(times: &str, mut open: impl FnMut() -> Result<T, String>) -> Result<String, String> {
    let times: usize = times.parse().map_err(|_| "`times` is not a number")?;
    let mut held = Vec::new();
    while held.len() < times {
        match open() {
            Ok(opened) => held.push(opened),
            Err(error) => return Err(format!("{} were opened, then: {error}", held.len())),
        }
    }
    Ok(format!("{times} were opened"))
}
