//! Builds a host.
//!
//! Tests: the workspace's `tests`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use airssys_wasm_core::Limits;
use rustls::pki_types::CertificateDer;

use super::{Host, Names, Shared};
use crate::capability::{Connector, NoSecrets, Provider, Resolver, SecretStore, Suppliers, SystemResolver};
use crate::code_cache::CodeCache;
use crate::engine::Engines;
use crate::linker::Linkers;
use crate::observe::{Announcer, AuditLog, AuditTrail, GuestLog, TracingAudit, TracingLog};
use crate::pipeline::Pipelines;
use crate::rollout::RolloutProbe;
use crate::runtime::{Programs, Runtime};
use crate::{Error, ErrorKind, Result};

/// Builds a [`Host`]. Unless said otherwise, a component is refused:
///
/// | | by default |
/// |---|---|
/// | files, directories | none; there are no preopened directories |
/// | network, names | no TCP, no UDP, no address may be used, no name is resolved |
/// | environment, arguments | empty |
/// | stdin | empty |
/// | stdout, stderr | to the guest log, 64 KiB a second |
/// | clocks, random numbers | may be read; 1 MiB of random bytes at once |
/// | other components | none |
/// | memory | 256 MiB for all memories of an instance |
/// | time | 30 s a call, by the wall clock, host calls included |
/// | imports that nothing provides | refuse the component |
///
/// The numbers are [`Limits`]. What a component requests in its metadata gives it
/// nothing by itself: [`Deploy::grants`](crate::Deploy::grants) does.
#[must_use = "a builder builds nothing until `build` is called"]
pub struct HostBuilder {
    code_cache: Option<PathBuf>,
    limits: Limits,
    guest_log: Arc<dyn GuestLog>,
    probe: Option<Arc<dyn RolloutProbe>>,
    revisions_kept: usize,
    pooled_instances_max: u32,
    audit: Arc<dyn AuditLog>,
    resolver: Arc<dyn Resolver>,
    secrets: Arc<dyn SecretStore>,
    roots: Vec<CertificateDer<'static>>,
    providers: Vec<Arc<dyn Provider>>,
}

impl Default for HostBuilder {
    fn default() -> Self {
        Self {
            code_cache: None,
            limits: Limits::default(),
            guest_log: Arc::new(TracingLog),
            probe: None,
            revisions_kept: 5,
            pooled_instances_max: 1_000,
            audit: Arc::new(TracingAudit),
            resolver: Arc::new(SystemResolver),
            secrets: Arc::new(NoSecrets),
            roots: Vec::new(),
            providers: Vec::new(),
        }
    }
}

impl HostBuilder {
    /// Keeps compiled code in this directory, so that the next start needs no
    /// compiler. It must be writable by this user alone, and is made if it is not
    /// there. If it cannot be used, an [event](crate::Event::CodeCacheUnavailable)
    /// says so once, and components are compiled each time.
    pub fn code_cache(self, directory: impl Into<PathBuf>) -> Self {
        Self { code_cache: Some(directory.into()), ..self }
    }

    /// The limits of deployments that say none of their own.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Where the lines go that guests print; `tracing` unless said.
    pub fn guest_log(self, log: impl GuestLog) -> Self {
        Self { guest_log: Arc::new(log), ..self }
    }

    /// Where the record of every decision goes; `tracing` unless said.
    pub fn audit_log(self, log: impl AuditLog) -> Self {
        Self { audit: Arc::new(log), ..self }
    }

    /// Who finds the addresses of names; the system unless said.
    pub fn resolver(self, resolver: impl Resolver) -> Self {
        Self { resolver: Arc::new(resolver), ..self }
    }

    /// Who keeps secrets; nobody unless said.
    pub fn secrets(self, secrets: impl SecretStore) -> Self {
        Self { secrets: Arc::new(secrets), ..self }
    }

    /// Trusts another root certificate, in DER, for HTTP requests of components, beside
    /// Mozilla's.
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.roots.push(CertificateDer::from(der.into()));
        self
    }

    /// Provides interfaces of the embedder's own, with grants of their own.
    pub fn provider(mut self, provider: impl Provider) -> Self {
        self.providers.push(Arc::new(provider));
        self
    }

    /// Is told of every step of every rollout, and may hold or fail it: for tests
    /// that prove what an update does.
    pub fn rollout_probe(self, probe: impl RolloutProbe) -> Self {
        Self { probe: Some(Arc::new(probe)), ..self }
    }

    /// How many revisions of a name are kept ready to serve, the one that serves
    /// included; at least 2. Default 5.
    pub fn revisions_kept(self, count: usize) -> Self {
        Self { revisions_kept: count.max(2), ..self }
    }

    /// How many instances come from memory that is reserved in advance; more are
    /// allocated on demand, which takes longer, and the first of them has the
    /// component compiled once more if there is no code cache. Each takes 4 GiB of address space,
    /// of which only what is used is memory. Default 1,000.
    pub fn pooled_instances_max(self, count: u32) -> Self {
        Self { pooled_instances_max: count.max(1), ..self }
    }

    /// Builds the host.
    ///
    /// # Errors
    ///
    /// [`InvalidLimits`](crate::ErrorKind::InvalidLimits), or
    /// [`Internal`](crate::ErrorKind::Internal) if the thread that keeps deadlines
    /// cannot be started, [`InvalidGrant`](crate::ErrorKind::InvalidGrant) if a root
    /// certificate is none.
    pub fn build(self) -> Result<Host> {
        self.limits.check()?;
        let announcer = Arc::new(Announcer::default());
        let connector = Connector::trusting(&self.roots).map_err(|error| {
            Error::new(ErrorKind::InvalidGrant, "a root certificate cannot be read").with_source(error)
        })?;
        let audit = Arc::new(AuditTrail::new(self.audit));
        let runtime = Runtime {
            engines: Engines::new(self.pooled_instances_max, Arc::downgrade(&audit))?,
            linkers: Linkers::new(self.providers.into()),
            suppliers: Suppliers {
                secrets: self.secrets,
                resolver: self.resolver,
                connector: Arc::new(connector),
            },
            instances_started: AtomicU64::default(),
            audit,
            code_cache: CodeCache::new(self.code_cache.as_deref(), Arc::clone(&announcer)),
            announcer,
            guest_log: self.guest_log,
            probe: self.probe,
            revisions_kept: self.revisions_kept,
            lanes: crate::deployment::lanes(),
            programs: Programs::default(),
        };
        Ok(Host(Arc::new(Shared {
            runtime: Arc::new(runtime),
            limits: self.limits,
            names: Names::default(),
            pipelines: Pipelines::default(),
        })))
    }
}
