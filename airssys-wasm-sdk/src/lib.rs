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
/// The function is left as it is. Its body is read when the crate is compiled,
/// so it is one `vec![...]` of literal capabilities, and the host reads the
/// requests from the component without running it.
///
/// ```
/// use airssys_wasm_sdk::prelude::*;
///
/// #[component_capabilities]
/// pub fn required_capabilities() -> Vec<Capability> {
///     vec![
///         Capability::FileRead("/data".into()),
///         Capability::NetworkOutbound("api.example.com".into()),
///     ]
/// }
///
/// assert_eq!(required_capabilities()[0].to_string(), "file-read /data");
/// ```
///
/// A target is a string literal with `.into()`, `.to_string()` or
/// `.to_owned()`, or in `String::from(...)`. Libraries may use the macro too:
/// a component requests what its own code and its libraries request together.
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
