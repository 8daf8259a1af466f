//! SDK for WebAssembly components that embed their metadata and their capability requests.
//!
//! # A component
//!
//! `Cargo.toml` depends on this crate and sets the crate type to `cdylib`:
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
//! airssys-wasm-sdk = { path = "../airssys-wasm/airssys-wasm-sdk" }
//! ```
//!
//! `wit/greeter.wit` defines the exports of the component:
//!
//! ```wit
#![doc = include_str!("../wit/greeter.wit")]
//! ```
//!
//! `src/lib.rs` implements them:
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
//! The file in `target/wasm32-wasip2/release` is the finished component. Its name, version, world
//! and requests are embedded, and no other tool is needed.
//!
//! # Contents
//!
//! | | |
//! |---|---|
//! | [`component`] | turns a struct into the component: bindings, exports, metadata |
//! | [`component_capabilities`] | embeds the capabilities that the component requests |
//! | [`Capability`] | a single request |
//! | [`prelude`] | the macros, `Capability` and `log` with one `use` |
//! | [`log`] | `log::info!` and the other logging macros; their output reaches the host |
//! | [`wit_bindgen`] | the bindings generator, for other worlds |
//!
//! # Logging
//!
//! Records of the `log` facade, including those of libraries, are written to standard error. No
//! setup is needed: `#[component]` installs the logger before the first export runs.
//!
//! ```
//! use airssys_wasm_sdk::prelude::*;
//!
//! # #[cfg(feature = "log")]
//! log::info!("greeting {}", "Ada");
//! ```
//!
//! This writes `INFO greeter: greeting Ada`: the level, the target (the module, unless the record
//! sets another one) and the message. Each record is one line: a line feed in it is written as
//! `\n`, a carriage return as `\r` and a backslash as `\\`. Any WASI host can show these lines; an
//! airssys-wasm host adds them to its own log. All levels are written, because the operator chooses
//! which ones to keep; `log::set_max_level` and the `max_level_*` features of the `log` crate
//! restrict them in the component. A component that logs nothing contains none of this code. A
//! component that installs its own logger must disable the default feature `log` of this crate.
//!
//! # Health
//!
//! A component can export `airssys:lifecycle/health`. The host calls its function `check` on a new
//! revision before traffic moves to it; an `Err` rejects the update. To use it, copy
//! `wit/lifecycle` of this project to `wit/deps`, add `export airssys:lifecycle/health@0.1.0;` to
//! the world, and implement `exports::airssys::lifecycle::health::Guest`.
//!
//! # Size
//!
//! The component above is 42 KB with this profile; most of it is the standard library:
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
//! The crate of a component also compiles for the development machine, so `cargo test` runs its
//! functions natively. Set `crate-type = ["cdylib", "rlib"]` to call them from `tests/`. Functions
//! that the world imports panic there.
#![forbid(unsafe_code)]

#[cfg(feature = "log")]
mod logger;
pub mod prelude;

pub use airssys_wasm_core::Capability;

/// Turns a unit struct into the component that this crate builds.
///
/// Reads the WIT world, generates its bindings, exports the struct's trait implementations and
/// embeds the component's metadata.
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
/// All arguments are optional.
///
/// | argument | meaning | default |
/// |---|---|---|
/// | `name = "demo:adder"` | the default name of the deployment | the name of the package |
/// | `version = "1.2.0"` | the version of the component | the version of the package |
/// | `description = "Adds."` | a description | the description of the package, if it has one |
/// | `instancing = stateful` | the instance that serves a call: `per_call`, `pooled(8)` or `stateful` | chosen by the host |
/// | `wit = "wit"` | a directory or file of WIT, relative to the package root, or several: `["wit", "../shared"]` | `"wit"` |
/// | `wit_inline = "package ..."` | the WIT itself; packages that it uses are looked up in `wit` | |
/// | `world = "adder"` | the world, if there are several | the only one |
///
/// If `wit` lists several directories and `wit_inline` is not set, `world` must include its
/// package: `"demo:adder/adder"`.
///
/// # Expansion
///
/// The macro expands to the unchanged struct and a private module `bindings`, whose items are in
/// scope next to the struct:
///
/// - for an exported interface `demo:adder/api`, the trait
///   `exports::demo::adder::api::Guest`;
/// - for functions that the world exports itself, the trait `Guest`;
/// - for an imported interface `acme:store/kv`, the functions and types of
///   `acme::store::kv`.
///
/// The macro also installs the SDK's logger, so that `log::info!` reaches the host. Changes to WIT
/// files rebuild the crate.
///
/// The module allows `unsafe_code`, which calls across the component boundary need. A guest crate
/// can therefore `deny` that lint, but not `forbid` it.
pub use airssys_wasm_macros::component;

/// Embeds the capabilities that a component requests.
///
/// The host reads the requests from the component without running it. They are listed in the
/// arguments of the macro, or in the body of a function.
///
/// A request grants nothing: a component can use a capability only if it is requested, granted by
/// the operator and not denied. A component with a required request that is not granted cannot be
/// deployed; one without a grant for an optional request can.
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
/// The item stays unchanged and can be of any kind: the struct with `#[component]`, before or after
/// that attribute, a module with a body, or `const _: () = ();` if there is no other item.
///
/// A request is a kind and a target. The target is a string literal that is taken literally:
/// `read("/my files")` needs no further quotes. Operators see the same names with `-` instead of
/// `_`, except `file-read` for `read` and `file-write` for `write`.
///
/// | kind | use | target |
/// |---|---|---|
/// | `read`, `write` | read files; create, write and remove files | an absolute path as the component sees it, including everything in it: `"/data"`; `*` matches part of a name, `**` matches directories: `"/data/**/*.csv"` |
/// | `http` | send HTTP requests | a URL; `*` matches a label of the host or part of a path segment, `**` any number of them: `"https://**.example.com/v1/**"` |
/// | `tcp`, `udp` | open TCP connections, exchange datagrams | a host and ports: `"db.internal:5432"`, `"10.0.0.0/8:80,8000-8099"` |
/// | `dns` | look up names | a name: `"*.internal"` |
/// | `network_outbound` | open connections with any protocol | a host, with or without ports: `"api.example.com:443"` |
/// | `network_inbound` | accept connections and datagrams | an address, with or without ports: `"127.0.0.1:8080"` |
/// | `env`, `secret` | read an environment variable, a secret | its full name: `"LANG"` |
/// | `config`, `store`, `messaging`, `llm` | read configuration, use a bucket, publish and receive messages, query a model | a name, or several with `*`: `"app.*"`, `"orders"`, `"orders.*"`, `"smollm2"` |
/// | `call` | call another component | the interface: `"acme:store/kv"` |
/// | `stdio`, `clock`, `random` | capabilities that every component has unless denied | `"stdout"`, `"stderr"`; `"wall"`, `"monotonic"`; `"secure"`, `"insecure"` |
/// | `custom` | capabilities that an embedder defines | the kind and a target in the format of its provider: `"acme:gpu/compute device=0"` |
///
/// Options follow the target:
///
/// | option | kind | meaning |
/// |---|---|---|
/// | `methods = [GET, POST]` | `http` | these methods only; any method by default |
/// | `max = "64MiB"` | `write` | the amount of data that the component would store there: `B`, `KiB`, `MiB`, `GiB` |
/// | `mode = append` | `write` | the component only appends to files, and removes none |
///
/// The options `from`, `types`, `filesystems`, `at`, `value` and `until` are reserved for operators,
/// in grants. Other options of `custom` are passed to its provider:
/// `custom("acme:gpu/compute", device = "0")`.
///
/// `optional(request, reason = "usage metrics")` is a request without which the component can run.
/// The reason is required: a line for the operator who decides.
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
/// This form is for code that uses the list itself. The function stays unchanged. Its body is read
/// at compile time, so it must be one `vec![...]` of literal capabilities. A target is a string
/// literal with `.into()`, `.to_string()` or `.to_owned()`, or in `String::from(...)`, and contains
/// the text that operators see: methods precede a URL, options follow the target, and a path with a
/// space is quoted, `r#""/my files""#`. All of these requests are required; list optional ones in
/// arguments, on another item.
///
/// # Several lists
///
/// The macro can be used any number of times, also in libraries: a component requests everything
/// that its own code and its libraries request. A request that is required in one list is required
/// overall. Two requests for the same target with different options contradict each other; the
/// compiler reports this within one list, the host across lists.
pub use airssys_wasm_macros::component_capabilities;

/// The logging facade whose records reach the host; see [Logging](crate#logging).
#[cfg(feature = "log")]
pub use log;

/// The bindings generator that [`component`] calls, and its runtime.
///
/// A crate that needs other options than those of the macro can call `wit_bindgen::generate!`
/// itself, with `runtime_path: "airssys_wasm_sdk::wit_bindgen::rt"`, and export its struct with the
/// generated macro.
pub use wit_bindgen;

/// Items that macro expansions refer to. Not part of the public API.
#[doc(hidden)]
pub mod __private {
    /// Installs the logger. Called by the static constructor that `#[component]` generates.
    #[cfg(feature = "log")]
    pub extern "C" fn install_logger() {
        crate::logger::install();
    }

    /// Does nothing, because there is no logger to install.
    #[cfg(not(feature = "log"))]
    pub extern "C" fn install_logger() {}
}
