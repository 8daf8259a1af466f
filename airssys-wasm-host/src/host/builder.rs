//! The builder of a host.
//!
//! Tests: `tests/suite`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use airssys_wasm_core::Limits;
use arc_swap::ArcSwapOption;
use rustls::pki_types::CertificateDer;
use wasmtime::component::Linker;

use super::{Host, HostParts};
use crate::blocking::BlockingThreads;
use crate::budget::{Budget, DeploymentShares};
use crate::capability::{
    CapabilitySettings, Connector, LinkedProvider, NoSecrets, Provider, Resolver, SecretStore,
};
use crate::clock::TestClock;
use crate::code_cache::{CodeCache, Compiler, CompilerProcess};
use crate::context::HostContext;
use crate::data::SharedValues;
use crate::engine::{Engines, PeriodicTask};
use crate::instance::Factories;
use crate::linker::Linkers;
use crate::observe::RolloutProbe;
use crate::observe::{
    Announcer, AuditLog, AuditTrail, GuestLog, QueuedLog, StderrLog, TracingAudit, TracingLog,
};
use crate::pipeline::{DeadLetterReceiver, Pipelines};
use crate::program::Programs;
use crate::registry::DeploymentTable;
use crate::services::HostServices;
use crate::state::{Snapshot, StateDirectory, UnreadableRecord};
use crate::{Error, ErrorClass, ErrorKind, InstanceState, Result};

/// A builder for [`Host`]. Unless configured otherwise, components are restricted as follows:
///
/// | | by default |
/// |---|---|
/// | files, directories | none; no directories are preopened |
/// | network, names | no TCP, no UDP, no addresses, no name resolution |
/// | environment, arguments | empty, except for the arguments of a console |
/// | stdin | empty, except for that of a console |
/// | stdout, stderr | to the guest log, 64 KiB a second |
/// | clocks, random numbers | readable; at most 1 MiB of random bytes at once |
/// | other components | none |
/// | memory | 256 MiB for all memories of an instance; three quarters of the machine's memory for all instances, half of that for one deployment |
/// | time | 30 s per call of wall-clock time, host calls included |
/// | imports that nothing provides | the component is rejected |
///
/// The numbers are [`Limits`]. Requests in a component's metadata grant nothing on their own:
/// [`Deploy::grants`](crate::Deploy::grants) does.
#[must_use = "a builder builds nothing until `build` is called"]
pub struct HostBuilder {
    code_cache: Option<PathBuf>,
    compiler_process: Option<CompilerProcess>,
    state_directory: Option<PathBuf>,
    limits: Limits,
    guest_log: Arc<dyn GuestLog>,
    probe: Option<Arc<dyn RolloutProbe>>,
    revisions_kept: usize,
    pooled_instances_max: u32,
    audit: Arc<dyn AuditLog>,
    resolver: Option<Arc<dyn Resolver>>,
    secrets: Arc<dyn SecretStore>,
    roots: Vec<CertificateDer<'static>>,
    providers: Vec<LinkedProvider>,
    data: SharedValues,
    instance_data: Factories,
    dead_letters: Option<Arc<dyn DeadLetterReceiver>>,
    clock: TestClock,
    budget: Option<Budget>,
}

impl Default for HostBuilder {
    fn default() -> Self {
        Self {
            code_cache: None,
            compiler_process: None,
            state_directory: None,
            limits: Limits::default(),
            guest_log: Arc::new(TracingLog),
            probe: None,
            revisions_kept: 5,
            pooled_instances_max: 1_000,
            audit: Arc::new(TracingAudit),
            resolver: None,
            secrets: Arc::new(NoSecrets),
            roots: Vec::new(),
            providers: Vec::new(),
            data: SharedValues::default(),
            instance_data: Factories::default(),
            dead_letters: None,
            clock: TestClock::default(),
            budget: None,
        }
    }
}

impl HostBuilder {
    /// Caches compiled code in this directory, so that the next start needs no compiler. The
    /// directory must be writable by this user alone, and is created if it does not exist. If it
    /// cannot be used, one [event](crate::Event::CodeCacheUnavailable) reports that, and components
    /// are compiled each time.
    pub fn code_cache(self, directory: impl Into<PathBuf>) -> Self {
        Self {
            code_cache: Some(directory.into()),
            ..self
        }
    }

    /// Compiles in separate processes, which bounds the compiler's memory and time. By default
    /// components are compiled in this process.
    pub fn compiler_process(self, compiler: CompilerProcess) -> Self {
        Self {
            compiler_process: Some(compiler),
            ..self
        }
    }

    /// Persists deployments in this directory, so that they survive the process: deployments with
    /// their revisions and grants, revocations, pending approvals, and the history of changes.
    /// Every change is durable before it takes effect. Whenever the process ends, the next one
    /// finds exactly one state: the one before a change or the one after it. State that components
    /// hold in memory is lost.
    ///
    /// Only one process can use a state directory at a time. It is created if it does not exist,
    /// readable by this user alone. Compiled code is stored in it as well, unless
    /// [`code_cache`](Self::code_cache) sets another directory. By default a host has no state
    /// directory, and everything ends with the process.
    ///
    /// A program that deploys a component when it starts finds it deployed the next time:
    ///
    /// ```
    /// # use airssys_wasm_host::{Component, Host};
    /// # let place = tempfile::tempdir()?;
    /// # let directory = place.path().join("state");
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # for _ in 0..2 {
    /// # let component = Component::from_bytes(wat::parse_str("(component)")?)?;
    /// # let component = component.with_name("greeter")?;
    /// let host = Host::builder().state_directory(&directory).build()?;
    /// let greeter = match host.deployment("greeter").await {
    ///     Err(error) if error.is_not_found() => host.deploy(component).await?,
    ///     found => found?,
    /// };
    /// # assert_eq!(greeter.status().active.revision, 1);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state_directory(self, directory: impl Into<PathBuf>) -> Self {
        Self {
            state_directory: Some(directory.into()),
            ..self
        }
    }

    /// Sets the limits of deployments that set none of their own.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Bounds what all components use together, and the share of a single deployment. Defaults to a
    /// budget [derived from the machine](Budget::from_machine).
    pub fn budget(self, budget: Budget) -> Self {
        Self {
            budget: Some(budget),
            ..self
        }
    }

    /// Sets the log for lines that guests print; defaults to `tracing`. The log is called from a
    /// thread of the host and delays no guest.
    pub fn guest_log(self, log: impl GuestLog) -> Self {
        Self {
            guest_log: Arc::new(log),
            ..self
        }
    }

    /// Writes each line that guests print to this process's stderr, prefixed with the name of the
    /// deployment and the call: `greeter[12.3]: ...`. Control characters are escaped. Meant for
    /// programs without a `tracing` subscriber.
    pub fn guest_log_to_stderr(self) -> Self {
        self.guest_log(StderrLog)
    }

    /// Sets the log for audit records, one for each decision; defaults to `tracing`. The log is
    /// called from a thread of the host; a call returns once the records of its decisions have been
    /// taken, or at its deadline.
    pub fn audit_log(self, log: impl AuditLog) -> Self {
        Self {
            audit: Arc::new(log),
            ..self
        }
    }

    /// Sets the resolver of host names; defaults to the system's.
    pub fn resolver(self, resolver: impl Resolver) -> Self {
        Self {
            resolver: Some(Arc::new(resolver)),
            ..self
        }
    }

    /// Sets the store of secrets; by default no secrets exist.
    pub fn secrets(self, secrets: impl SecretStore) -> Self {
        Self {
            secrets: Arc::new(secrets),
            ..self
        }
    }

    /// Trusts a root certificate, in DER, for HTTP requests of components, in addition to
    /// Mozilla's.
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.roots.push(CertificateDer::from(der.into()));
        self
    }

    /// Provides interfaces of the embedder that are subject to rules: a component that imports them
    /// needs a grant. [`imports`](Self::imports) provides interfaces without rules.
    pub fn provider(mut self, provider: impl Provider) -> Self {
        self.providers.push(LinkedProvider::with_rules(provider));
        self
    }

    /// Provides host functions of the embedder to every component that imports them. Requests,
    /// grants and denials do not apply to them, and no audit records are made. For functions that
    /// only some components may use, see [`provider`](Self::provider).
    ///
    /// `names` are the imports that `link` adds, named as in WIT: an interface with its version if
    /// its package has one, such as `acme:editor/documents@0.1.0`, or the plain name of what a
    /// world imports without a package, such as `print`. `link` usually calls an `add_to_linker`
    /// generated by `bindgen!`; see the [`guide`](crate::guide). It runs once for each engine of
    /// the host.
    ///
    /// ```
    /// use airssys_wasm_host::Host;
    ///
    /// let host = Host::builder()
    ///     .imports(["print"], |linker| {
    ///         linker.root().func_wrap("print", |store, (line,): (String,)| {
    ///             let plugin = &store.data().identity().deployment;
    ///             println!("{plugin}: {line}");
    ///             Ok(())
    ///         })
    ///     })
    ///     .build()?;
    /// # Ok::<(), airssys_wasm_host::Error>(())
    /// ```
    pub fn imports<Name: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = Name>,
        link: impl Fn(&mut Linker<InstanceState>) -> wasmtime::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.providers.push(LinkedProvider::without_rules(
            names.into_iter().map(Into::into),
            link,
        ));
        self
    }

    /// Adds data of the embedder, which host functions reach with [`InstanceState::data`] in every
    /// instance of this host. Holds one value of each type; a second value of a type replaces the
    /// first. [`Deploy::data`](crate::Deploy::data) replaces it for one deployment.
    ///
    /// Guests cannot see the data. It is dropped with the host and the last of its instances.
    pub fn data<T: Send + Sync + 'static>(mut self, data: T) -> Self {
        self.data.insert(data);
        self
    }

    /// Adds data that each instance has for itself, which host functions reach with
    /// [`InstanceState::instance_data_mut`]. `make` runs once for each instance, before any of the
    /// guest's code, and can read the instance's identity: [`InstanceState::identity`],
    /// [`InstanceState::call_id`], the shared [`InstanceState::data`], and the instance data whose
    /// factories were added before. Holds one factory for each type; a second factory for a type
    /// replaces the first. The data is dropped with its instance.
    ///
    /// By default each call has its own instance, and with it its own data:
    /// [`Instancing`](crate::Instancing) changes that.
    ///
    /// ```
    /// use airssys_wasm_host::Host;
    ///
    /// /// The number of requests of a deployment.
    /// struct Usage {
    ///     deployment: String,
    ///     requests: u32,
    /// }
    ///
    /// let host = Host::builder()
    ///     .instance_data(|instance| Usage {
    ///         deployment: instance.identity().deployment.to_string(),
    ///         requests: 0,
    ///     })
    ///     .build()?;
    /// # Ok::<(), airssys_wasm_host::Error>(())
    /// ```
    pub fn instance_data<T: Send + 'static>(
        mut self,
        make: impl Fn(&InstanceState) -> T + Send + Sync + 'static,
    ) -> Self {
        self.instance_data.insert(make);
        self
    }

    /// Sets a probe that is called at every step of every rollout and may hold or fail it. Meant
    /// for tests of updates.
    pub fn rollout_probe(self, probe: impl RolloutProbe) -> Self {
        Self {
            probe: Some(Arc::new(probe)),
            ..self
        }
    }

    /// Lets a test advance the host's clock, which governs call deadlines and the expiry of grants.
    pub fn test_clock(self, clock: &TestClock) -> Self {
        Self {
            clock: clock.clone(),
            ..self
        }
    }

    /// Sets the handler of dead letters for pipelines that set none of their own. With a state
    /// directory this is the only possible handler: one set when a pipeline is deployed would not
    /// survive a restart.
    pub fn dead_letters(self, letters: impl DeadLetterReceiver) -> Self {
        Self {
            dead_letters: Some(Arc::new(letters)),
            ..self
        }
    }

    /// Sets the number of revisions of a deployment that are kept ready to serve, including the
    /// active one; at least 2. Defaults to 5.
    pub fn revisions_kept(self, count: usize) -> Self {
        Self {
            revisions_kept: count.max(2),
            ..self
        }
    }

    /// Sets the number of instances that use memory reserved in advance. Further instances are
    /// allocated on demand, which takes longer; without a code cache, the first of them compiles
    /// the component again. Each pooled instance takes 4 GiB of address space, of which only the
    /// used part takes memory. Defaults to 1,000.
    pub fn pooled_instances_max(self, count: u32) -> Self {
        Self {
            pooled_instances_max: count.max(1),
            ..self
        }
    }

    /// Builds the host. Blocks while WebAssembly engines are configured and, with a state directory,
    /// while its records are read; the deployments are restored on first use, or soon after in a
    /// background thread.
    ///
    /// # Errors
    ///
    /// - [`InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration) if the limits, the budget
    ///   or a root certificate are invalid, or if a provider does not link what it declares, or
    ///   provides what the host or another provider does.
    /// - [`Internal`](crate::ErrorKind::Internal) if a thread of the host cannot be started.
    /// - [`StateUnavailable`](crate::ErrorKind::StateUnavailable) or
    ///   [`StateDamaged`](crate::ErrorKind::StateDamaged) for a state directory that cannot be
    ///   used; nothing in it was changed.
    pub fn build(mut self) -> Result<Host> {
        self.limits.check()?;
        let budget = self.budget.take().unwrap_or_default();
        if let problems @ [_, ..] = &budget.problems()[..] {
            return Err(Error::new(ErrorClass::INVALID_LIMITS, problems.join("; ")));
        }
        let (state, kept) = self.open_state()?;
        let (limits, dead_letters) = (self.limits.clone(), self.dead_letters.clone());
        let services = Arc::new(self.into_runtime(&budget, state)?);
        #[cfg(feature = "http")]
        let mut kept = kept;
        let context = Arc::new(HostContext {
            deployments: Arc::new(DeploymentTable::new(&services, kept.names)),
            services,
            limits,
        });
        #[cfg(feature = "http")]
        let routes = Arc::new(crate::http::HostRoutes::restored(
            kept.routes,
            &mut kept.unreadable,
        ));
        #[cfg(feature = "http")]
        routes.publish_restored(&context);
        report_unreadable(&kept.unreadable);
        spawn_restore_thread(&context)?;
        Ok(Host(Arc::new(HostParts {
            pipelines: Arc::new(Pipelines::new(&context, kept.pipelines, dead_letters)),
            context,
            #[cfg(feature = "http")]
            routes,
            unreadable: kept.unreadable,
        })))
    }

    /// Opens the state directory, if one is set, and reads its records.
    fn open_state(&self) -> Result<(Option<StateDirectory>, Snapshot)> {
        match &self.state_directory {
            Some(directory) => {
                let (state, kept) = StateDirectory::open(directory)?;
                Ok((Some(state), kept))
            }
            None => Ok((None, Snapshot::default())),
        }
    }

    /// Builds the state that everything on the host shares.
    fn into_runtime(self, budget: &Budget, state: Option<StateDirectory>) -> Result<HostServices> {
        let announcer = Arc::new(Announcer::default());
        let audit = Arc::new(AuditTrail::new(self.audit));
        let connector = Connector::with_roots(&self.roots).map_err(|error| {
            let message = "a root certificate cannot be read";
            Error::new(ErrorKind::InvalidConfiguration, message).with_source(error)
        })?;
        let engines = Arc::new(Engines::new(
            self.pooled_instances_max,
            self.clock,
            vec![flush_each_second(&audit)],
        )?);
        let in_state = || {
            self.state_directory
                .as_deref()
                .map(StateDirectory::code_cache_path)
        };
        let code_cache = CodeCache::new(
            self.code_cache.or_else(in_state).as_deref(),
            Arc::clone(&announcer),
            Compiler::new(budget, self.compiler_process),
        );
        let blocking = BlockingThreads::new();
        let linkers = Linkers::new(self.providers, &engines, crate::link::define)?;
        let programs = Programs::new(&engines, linkers, code_cache, &blocking, &announcer);
        Ok(HostServices {
            blocking,
            engines,
            programs: Arc::new(programs),
            capabilities: CapabilitySettings {
                secrets: self.secrets,
                resolver: self.resolver,
                connector: Arc::new(connector),
            },
            data: self.data,
            instance_data: self.instance_data,
            instances_started: AtomicU64::default(),
            audit,
            announcer,
            guest_log: Arc::new(QueuedLog::new(self.guest_log)),
            probe: self.probe,
            revisions_kept: self.revisions_kept,
            lanes: crate::deployment::lane_count(),
            shares: DeploymentShares::new(budget),
            compile_time_max: budget.compile_time_max,
            state: ArcSwapOption::new(state.map(Arc::new)),
        })
    }
}

/// Logs every record of the state directory that could not be read.
fn report_unreadable(unreadable: &[UnreadableRecord]) {
    for record in unreadable {
        let (subject, name, problem) = (record.subject, &record.name, &record.problem);
        tracing::error!(%subject, name, problem, "a record of the state directory cannot be read");
    }
}

/// Starts a thread that restores the deployments of the state directory, if it has any.
fn spawn_restore_thread(context: &HostContext) -> Result<()> {
    if context.deployments.is_restored() {
        return Ok(());
    }
    let names = Arc::clone(&context.deployments);
    let thread = std::thread::Builder::new().name("airssys-restore".into());
    thread
        .spawn(move || while names.wake_next() {})
        .map(drop)
        .map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                "cannot start the thread that restores deployments",
            )
            .with_source(error)
        })
}

/// Returns the task that flushes the audit log as long as it exists.
fn flush_each_second(audit: &Arc<AuditTrail>) -> PeriodicTask {
    let audit = Arc::downgrade(audit);
    Box::new(move || {
        if let Some(audit) = audit.upgrade() {
            audit.flush();
        }
    })
}
