//! Write WebAssembly components that say what they are and what they need.
//!
//! # A component
//!
//! `Cargo.toml` names this crate and asks for a `cdylib`:
//!
//! ```toml
//! [package]
//! name = "greeter"
//! version = "1.0.0"
//! edition = "2024"
//!
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! airssys-wasm-sdk = "0.1"
//! ```
//!
//! `wit/greeter.wit` says what the component exports:
//!
//! ```wit
#![doc = include_str!("../wit/greeter.wit")]
//! ```
//!
//! `src/lib.rs` does it:
//!
//! ```
//! use airssys_wasm_sdk::prelude::*;
//!
//! #[component]
//! struct Greeter;
//!
//! impl exports::demo::greeter::api::Guest for Greeter {
//!     fn greet(name: String) -> String { format!("Hello, {name}!") }
//! }
//! # fn main() {
//! #     use exports::demo::greeter::api::Guest;
//! #     assert_eq!(Greeter::greet("Ada".into()), "Hello, Ada!");
//! # }
//! ```
//!
//! ```sh
//! cargo build --target wasm32-wasip2 --release
//! ```
//!
//! The file in `target/wasm32-wasip2/release` is the finished component: its
//! name, version, world and requests are in it, and no other tool is needed.
//!
//! # What is here
//!
//! | | |
//! |---|---|
//! | [`component`] | makes a struct the component: bindings, exports, identity |
//! | [`component_capabilities`] | embeds what the component asks to reach |
//! | [`Capability`] | one such request |
//! | [`prelude`] | all that with one `use` |
//! | [`log`] | `log::info!` and its like, which reach the host |
//! | [`wit_bindgen`] | the generator of the bindings, for a world of one's own |
//!
//! # Logging
//!
//! Lines of the `log` facade, a library's included, go to standard error. There
//! is nothing to install: `#[component]` does it before the first export runs.
//!
//! ```
//! use airssys_wasm_sdk::prelude::*;
//!
//! # #[cfg(feature = "log")]
//! log::info!("greeting {}", "Ada");
//! ```
//!
//! writes `INFO greeter: greeting Ada`: the level, the target, which is the
//! module unless the record names another, and the message. A record is one
//! line: a line feed in it is written `\n`, a carriage return `\r` and a
//! backslash `\\`. Any WASI host can show such lines; an airssys-wasm host turns
//! them into its own log. All levels are written, for what is kept is the
//! operator's choice; `log::set_max_level` and the `max_level_*` features of the
//! log crate narrow that from within. A component that writes nothing to the
//! log carries none of the code, and one that installs a logger of its own
//! depends on this crate without its default feature `log`.
//!
//! # Health
//!
//! A component may export `airssys:lifecycle/health`, whose function `check` the
//! host calls on a new revision before traffic moves to it; an `Err` refuses the
//! update. Copy the project's `wit/lifecycle` into `wit/deps`, write
//! `export airssys:lifecycle/health@0.1.0;` into the world, and implement
//! `exports::airssys::lifecycle::health::Guest`.
//!
//! # Size
//!
//! The component above has 42 KB with this profile, most of it the standard
//! library:
//!
//! ```toml
//! [profile.release]
//! opt-level = "s"
//! lto = true
//! strip = true
//! panic = "abort"
//! codegen-units = 1
//! ```
//!
//! # Testing
//!
//! A component's crate compiles for the machine it is written on too, so
//! `cargo test` runs its functions natively: give it
//! `crate-type = ["cdylib", "rlib"]` to reach them from `tests/`. Functions that
//! the world imports panic there.
#![forbid(unsafe_code)]

#[cfg(feature = "log")]
mod logger;
pub mod prelude;

pub use airssys_wasm_core::Capability;

/// Makes a unit struct the component that this crate builds.
///
/// Reads the WIT world, generates its bindings, exports the struct's trait
/// implementations and embeds what the component is called.
///
/// ```
/// use airssys_wasm_sdk::prelude::*;
///
/// #[component(
///     name = "demo:adder",
///     version = "1.2.0",
///     description = "Adds.",
///     instancing = pooled(8),
///     wit_inline = "
///         package demo:adder;
///         interface api { add: func(a: u32, b: u32) -> u32; }
///         world adder { export api; }
///     ",
/// )]
/// struct Adder;
///
/// impl exports::demo::adder::api::Guest for Adder {
///     fn add(a: u32, b: u32) -> u32 {
///         a.wrapping_add(b)
///     }
/// }
/// # fn main() {
/// #     use exports::demo::adder::api::Guest;
/// #     assert_eq!(Adder::add(1, 2), 3);
/// # }
/// ```
///
/// # Arguments
///
/// All may be left out.
///
/// | argument | what it says | otherwise |
/// |---|---|---|
/// | `name = "demo:adder"` | the name to deploy under | the package's name |
/// | `version = "1.2.0"` | the component's version | the package's version |
/// | `description = "Adds."` | what it does | the package's description, if it has one |
/// | `instancing = stateful` | which instance serves a call: `per_call`, `pooled(8)` or `stateful` | the host's choice |
/// | `wit = "wit"` | a directory or file of WIT, from the package's root; or several, `["wit", "../shared"]` | `"wit"` |
/// | `wit_inline = "package ..."` | the WIT itself; what it uses is looked up in `wit` | |
/// | `world = "adder"` | the world, of several | the only one |
///
/// With several directories in `wit` and no `wit_inline`, `world` is written
/// with its package: `"demo:adder/adder"`.
///
/// # What it expands to
///
/// The struct, unchanged, and a private module `bindings` whose items are in
/// scope beside it:
///
/// - for an exported interface `demo:adder/api`, the trait
///   `exports::demo::adder::api::Guest`;
/// - for functions that the world exports itself, the trait `Guest`;
/// - for an imported interface `acme:store/kv`, the functions and types of
///   `acme::store::kv`.
///
/// It also installs the SDK's logger, so that `log::info!` reaches the host.
/// An edit of a WIT file rebuilds the crate.
///
/// The module allows `unsafe_code`, which calls across a component's boundary
/// need: a guest crate may `deny` that lint, but not `forbid` it.
pub use airssys_wasm_macros::component;

/// Embeds the capabilities that a component requests.
///
/// The host reads them from the component without running it. They are listed in
/// the macro's arguments, or in the body of a function.
///
/// A request gives nothing: the component reaches what is requested, granted by the
/// operator and not denied. At deploy a required request that is not granted refuses
/// the deployment; without an optional one the component runs all the same.
///
/// # In the arguments
///
/// ```
/// use airssys_wasm_sdk::prelude::*;
///
/// #[component_capabilities(
///     http("https://api.example.com/v1/**", methods = [GET]),
///     read("/data"),
///     write("/cache", max = "64MiB"),
///     env("LANG"),
///     optional(http("https://telemetry.example.com/**"), reason = "usage metrics"),
/// )]
/// struct Greeter;
/// ```
///
/// The item is left as it is, and any will do: the struct that has `#[component]` too,
/// before or after, a module with its body, or `const _: () = ();` where there is none.
///
/// A request is a kind and a target, a string literal that is read as it stands:
/// `read("/my files")` needs no more quotes. Operators see the same words with `-` for
/// `_`, but `file-read` for `read` and `file-write` for `write`.
///
/// | kind | what the component would do | target |
/// |---|---|---|
/// | `read`, `write` | read files; create, write and remove them | an absolute path as the component sees it, with everything in it: `"/data"`; `*` stands for a part of a name, `**` for directories: `"/data/**/*.csv"` |
/// | `http` | send HTTP requests | a URL; `*` stands for a label of the host or a part of a segment, `**` for any number of them: `"https://**.example.com/v1/**"` |
/// | `tcp`, `udp` | open TCP connections, exchange datagrams | a host and ports: `"db.internal:5432"`, `"10.0.0.0/8:80,8000-8099"` |
/// | `dns` | look up names | a name: `"*.internal"` |
/// | `network_outbound` | open connections, whatever is spoken there | a host, with ports or without: `"api.example.com:443"` |
/// | `network_inbound` | accept connections and datagrams | an address, with ports or without: `"127.0.0.1:8080"` |
/// | `env`, `secret` | read a variable of the environment, a secret | its name in full: `"LANG"` |
/// | `config`, `store`, `messaging`, `llm` | read configuration, use a bucket, publish and receive, ask a model | a name, or several with `*`: `"app.*"`, `"orders"`, `"orders.*"`, `"smollm2"` |
/// | `call` | call another component | the interface: `"acme:store/kv"` |
/// | `stdio`, `clock`, `random` | what every component may unless it is denied | `"stdout"`, `"stderr"`; `"wall"`, `"monotonic"`; `"secure"`, `"insecure"` |
/// | `custom` | what an embedder defines | its kind and whatever its provider understands: `"acme:gpu/compute device=0"` |
///
/// Options follow the target:
///
/// | option | of | what it says |
/// |---|---|---|
/// | `methods = [GET, POST]` | `http` | these methods only; otherwise any |
/// | `max = "64MiB"` | `write` | how much it would keep there: `B`, `KiB`, `MiB`, `GiB` |
/// | `mode = append` | `write` | it writes at the end of files only, and removes none |
///
/// The options `from`, `at`, `value` and `until` are an operator's, in a grant. Any other
/// of `custom` is for its provider: `custom("acme:gpu/compute", device = "0")`.
///
/// `optional(request, reason = "usage metrics")` is a request without which the
/// component runs. The reason is a line for the operator who decides, and is not left
/// out.
///
/// # In a function
///
/// ```
/// use airssys_wasm_sdk::prelude::*;
///
/// #[component_capabilities]
/// pub fn required_capabilities() -> Vec<Capability> {
///     vec![
///         Capability::FileRead("/data".into()),
///         Capability::FileWrite("/cache max=64MiB".into()),
///         Capability::Http("GET https://api.example.com/v1/**".into()),
///     ]
/// }
///
/// assert_eq!(required_capabilities()[0].to_string(), "file-read /data");
/// ```
///
/// This is for code that uses the list itself. The function is left as it is, and its
/// body is read when the crate is compiled, so it is one `vec![...]` of literal
/// capabilities. A target is a string literal with `.into()`, `.to_string()` or
/// `.to_owned()`, or in `String::from(...)`, and is the text that operators see: methods
/// stand in it before a URL, options at its end, and a path with a space in it stands
/// in quotes, `r#""/my files""#`. All of these requests are required; one that is
/// optional is listed in arguments, on another item.
///
/// # In several places
///
/// The macro may be used any number of times, and libraries may use it: a component
/// requests what its own code and its libraries request together. What one of them
/// requires is required. Two requests for the same target with other options contradict
/// each other; the compiler says so within one list, the host across several.
pub use airssys_wasm_macros::component_capabilities;

/// The facade whose lines reach the host; see [Logging](crate#logging).
#[cfg(feature = "log")]
pub use log;

/// The generator of bindings that [`component`] calls, and their runtime.
///
/// A crate that wants other options than the macro's calls
/// `wit_bindgen::generate!` itself, with
/// `runtime_path: "airssys_wasm_sdk::wit_bindgen::rt"`, and exports its struct
/// with the macro that this generates.
pub use wit_bindgen;

/// What expansions refer to. Not part of the API.
#[doc(hidden)]
pub mod __private {
    /// Called by the static constructor that `#[component]` generates.
    #[cfg(feature = "log")]
    pub extern "C" fn install_logger() {
        crate::logger::install();
    }

    /// There is no logger to install.
    #[cfg(not(feature = "log"))]
    pub extern "C" fn install_logger() {}
}
