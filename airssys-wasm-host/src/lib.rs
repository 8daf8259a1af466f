//! Loads WebAssembly components, calls them under names that outlive their versions, replaces them
//! under load without dropping a call, and rolls back at once.
//!
//! ```no_run
//! use airssys_wasm_host::{Component, Host};
//!
//! # async fn program() -> airssys_wasm_host::Result<()> {
//! let host = Host::builder().build()?;
//! let greeter = host.deploy(Component::from_file("greeter.wasm")?).await?;
//! let greet = greeter.function::<(String,), (String,)>("demo:greeter/api#greet")?;
//! println!("{}", greet.call(("Ada".into(),)).await?.0);
//!
//! host.update("greeter", Component::from_file("greeter-v2.wasm")?).await?.drained().await;
//! println!("{}", greet.call(("Ada".into(),)).await?.0); // the same handle, the new revision
//!
//! host.rollback("greeter").await?.drained().await;
//! # Ok(())
//! # }
//! ```
//!
//! | task | see |
//! |---|---|
//! | build a host, and know what it denies by default | [`Host`], [`HostBuilder`] |
//! | read a component | [`Component`] |
//! | deploy, update, roll back | [`Host::deploy`], [`Host::update`], [`Host::rollback`] |
//! | call with Rust types, with values, through generated bindings | [`Function`], [`DynamicFunction`], [`Bindings`] |
//! | limit what a component uses | [`Limits`], [`LimitsChange`], [`Instancing`] |
//! | set everything that a component runs under as one value | [`terms::TermsChange`], [`Deploy::terms`], [`Update::terms`] |
//! | limit what all components use together, and the compiler | [`Budget`], [`CompilerProcess`] |
//! | grant files, network access and values, and revoke them | [`policy::Grants`], [`Deploy::grants`], [`Deployment::revoke`], [`Approval`] |
//! | see what a component did, may do, and needs | [`AuditLog`], [`Deployment::explain`], [`Enforcement::AuditOnly`] |
//! | provide functions and objects of the embedder | [`guide`], [`HostBuilder::imports`], [`HostBuilder::data`], [`InstanceState`], [`Provider`] |
//! | serve HTTP requests (with the feature `http`) | `Host::http`, `http::HttpServer` |
//! | connect components to pipelines | [`PipelineDeployments`], [`pipeline`] |
//! | list and remove deployments, read their history, publish components | [`Deployments`], [`Packages`] |
//! | observe events, and what guests print | [`Status`], [`Event`], [`GuestLog`], [`HostBuilder::guest_log_to_stderr`] |
//! | run a program with arguments and stdin | [`Console`], [`Deploy::console`] |
//! | handle an error, know how a call ended | [`Error`], [`ErrorKind`], [`CallEnd`] |
//!
//! A component can use only what it requested, was granted and is not denied: by default, nothing.
//! See the table at [`HostBuilder`], and [`policy`].
//!
//! This API exposes the following types of the underlying runtime, for calls and for host
//! functions:
//! `wasmtime::component::{ComponentNamedList, Lift, Lower, Instance, Linker, ResourceTable}`,
//! `wasmtime::StoreContextMut` and `wasmtime::Result`. [`wasmtime`] is re-exported for them and for
//! `bindgen!`, and [`wasmtime_wasi`] for worlds that use types of WASI such as streams.
#![deny(unsafe_code)]

mod blocking;
mod budget;
mod call;
mod capability;
mod clock;
mod code_cache;
mod component;
mod context;
mod data;
mod deployment;
mod disk;
mod engine;
mod error;
mod function;
mod handle;
mod host;
#[cfg(feature = "http")]
pub mod http;
mod http_body;
mod instance;
mod link;
mod linker;
mod observe;
#[doc = include_str!("../docs/guide.md")]
pub mod guide {}
pub mod pipeline;
mod program;
mod registry;
mod restore;
mod revision;
mod rollout;
mod scheduler;
mod services;
mod state;
mod store;

/// Grants and denies, operations of components, and explanations of decisions about them.
pub mod policy {
    pub use airssys_wasm_core::policy::{
        Decision, DenialReason, Explanation, FileAccess, FileSystemType, Grants, GrantsError,
        HttpHost, HttpTarget, HttpTargetError, LiftedRevocation, Operation, OperationError,
        RequestedCapabilities, RevocationReview, Shortfall, SocketAccess, SpecialFile,
        SpecialFileType, TomlError,
    };
}

/// The terms that deployments run under, as one value.
pub mod terms {
    pub use airssys_wasm_core::terms::{FixedTerms, Terms, TermsChange, TermsError};
}

/// The imports and exports of components, with their types.
pub mod world {
    pub use airssys_wasm_core::world::{
        Case, ElementType, Field, Function, FunctionNotFound, Interface, InterfaceName, Param,
        Type, World, WorldChange, WorldChanges, WorldSide,
    };
}

pub use airssys_wasm_core::pipeline::ComponentPipeline;
pub use airssys_wasm_core::policy::Enforcement;
pub use airssys_wasm_core::{
    Capability, CapabilityError, CapabilityKind, ComponentName, Digest, Effect, FunctionName,
    Instancing, Limits, LimitsChange, Need, PackageRef, Requests, Rule, Strategy, Value,
    VersionSelector,
};
pub use budget::Budget;
pub use capability::{
    Console, NotAllowed, Provider, Resolver, SecretStore, read_grants, write_grants,
};
pub use clock::TestClock;
pub use code_cache::CompilerProcess;
pub use component::Component;
pub use deployment::{RevisionStatus, Status, Summary};
pub(crate) use error::ErrorClass;
pub use error::{CallEnd, Error, ErrorKind, Result};
pub use function::{Bindings, DynamicFunction, Function};
pub use handle::{Deployment, ExportedFunction};
#[cfg(feature = "http")]
pub use host::HostHttp;
pub use host::{Deployments, Host, HostBuilder, HostLogs, Packages, PipelineDeployments};
pub use instance::InstanceState;
pub use observe::{
    AuditLog, AuditRecord, CallId, Event, Events, GuestLine, GuestLog, GuestStream, Identity,
    RolloutProbe, Verdict,
};
pub use rollout::{Approval, Deploy, Promotion, Rollback, Update};
pub use semver::Version;
pub use state::{
    Action, Change, Package, PackageVersion, RecordSubject, RevisionSummary, UnreadableRecord,
};
pub use wasmtime;
pub use wasmtime_wasi;
