//! Builds a host.
//!
//! Tests: the workspace's `tests`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use airssys_wasm_core::Limits;
use arc_swap::ArcSwapOption;
use rustls::pki_types::CertificateDer;
use wasmtime::component::Linker;

use super::{Host, Names, Shared};
use crate::aside::Aside;
use crate::budget::{Budget, DeploymentShares};
use crate::capability::{
    Connector, NoSecrets, Provided, Provider, Resolver, SecretStore, Suppliers,
};
use crate::code_cache::{CodeCache, Compiler, CompilerProcess};
use crate::data::{Factories, SharedData};
use crate::engine::{Engines, TestClock};
use crate::linker::Linkers;
use crate::observe::{
    Announcer, AuditLog, AuditTrail, GuestLog, QueuedLog, StderrLog, TracingAudit, TracingLog,
};
use crate::pipeline::{DeadLetters, Pipelines};
use crate::rollout::RolloutProbe;
use crate::runtime::{Programs, Runtime};
use crate::state::{Found, State};
use crate::{Error, ErrorKind, InstanceState, Result};

/// Builds a [`Host`]. Unless said otherwise, a component is refused:
///
/// | | by default |
/// |---|---|
/// | files, directories | none; there are no preopened directories |
/// | network, names | no TCP, no UDP, no address may be used, no name is resolved |
/// | environment, arguments | empty, but for the arguments of a console |
/// | stdin | empty, but for that of a console |
/// | stdout, stderr | to the guest log, 64 KiB a second |
/// | clocks, random numbers | may be read; 1 MiB of random bytes at once |
/// | other components | none |
/// | memory | 256 MiB for all memories of an instance; three quarters of the machine's for all instances, half of that for one deployment |
/// | time | 30 s a call, by the wall clock, host calls included |
/// | imports that nothing provides | refuse the component |
///
/// The numbers are [`Limits`]. What a component requests in its metadata gives it
/// nothing by itself: [`Deploy::grants`](crate::Deploy::grants) does.
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
    providers: Vec<Provided>,
    data: SharedData,
    instance_data: Factories,
    letters: Option<Arc<dyn DeadLetters>>,
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
            data: SharedData::default(),
            instance_data: Factories::default(),
            letters: None,
            clock: TestClock::default(),
            budget: None,
        }
    }
}

impl HostBuilder {
    /// Keeps compiled code in this directory, so that the next start needs no
    /// compiler. It must be writable by this user alone, and is made if it is not
    /// there. If it cannot be used, an [event](crate::Event::CodeCacheUnavailable)
    /// says so once, and components are compiled each time.
    pub fn code_cache(self, directory: impl Into<PathBuf>) -> Self {
        Self {
            code_cache: Some(directory.into()),
            ..self
        }
    }

    /// Compiles in processes of their own, which bounds the memory and the time of a compiler. By
    /// default components are compiled in this process.
    pub fn compiler_process(self, compiler: CompilerProcess) -> Self {
        Self {
            compiler_process: Some(compiler),
            ..self
        }
    }

    /// Keeps deployments in this directory, so that the next process has what this one had:
    /// names with their revisions, grants, what was revoked and what waits to be approved, and
    /// what was done. Every change is on disk before it is seen; whenever the process ends, the
    /// next one has exactly one state, the one before a change or the one after it. What
    /// components remember in memory is lost.
    ///
    /// One process at a time has it. It is made if it is not there, readable by this user alone.
    /// Compiled code is kept in it too, unless [`code_cache`](Self::code_cache) says another
    /// place. Without one, which is the default, everything ends with the process.
    ///
    /// ```
    /// use airssys_wasm_host::{Component, Host};
    ///
    /// # let place = tempfile::tempdir()?;
    /// # let directory = place.path().join("state");
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let host = Host::builder().state_directory(&directory).build()?;
    /// let nothing = Component::from_bytes(wat::parse_str("(component)")?)?.with_name("nothing")?;
    /// host.deploy(nothing).await?;
    /// drop(host);
    ///
    /// let host = Host::builder().state_directory(&directory).build()?;
    /// assert_eq!(host.status("nothing")?.serving.revision, 1);
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

    /// The limits of deployments that say none of their own.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Bounds what all components take together, and how much of it one deployment may have. By
    /// default [read from the machine](Budget::from_machine).
    pub fn budget(self, budget: Budget) -> Self {
        Self {
            budget: Some(budget),
            ..self
        }
    }

    /// Where the lines go that guests print; `tracing` by default. It is called from a thread of
    /// the host's own, and delays no guest.
    pub fn guest_log(self, log: impl GuestLog) -> Self {
        Self {
            guest_log: Arc::new(log),
            ..self
        }
    }

    /// Writes each line that guests print to this process's stderr, with the name of the deployment
    /// and the call: `greeter[12.3]: ...`. Control characters are escaped. For programs without a
    /// `tracing` subscriber.
    pub fn guest_log_to_stderr(self) -> Self {
        self.guest_log(StderrLog)
    }

    /// Where the record of every decision goes; `tracing` by default. It is called from a thread of
    /// the host's own; a call returns when the records of its decisions have been taken, or at its
    /// deadline.
    pub fn audit_log(self, log: impl AuditLog) -> Self {
        Self {
            audit: Arc::new(log),
            ..self
        }
    }

    /// Who finds the addresses of names; the system unless said.
    pub fn resolver(self, resolver: impl Resolver) -> Self {
        Self {
            resolver: Some(Arc::new(resolver)),
            ..self
        }
    }

    /// Who keeps secrets; nobody unless said.
    pub fn secrets(self, secrets: impl SecretStore) -> Self {
        Self {
            secrets: Arc::new(secrets),
            ..self
        }
    }

    /// Trusts another root certificate, in DER, for HTTP requests of components, beside
    /// Mozilla's.
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.roots.push(CertificateDer::from(der.into()));
        self
    }

    /// Provides interfaces of the embedder's own, with rules of their own: a component that
    /// imports them needs a grant. [`imports`](Self::imports) provides without rules.
    pub fn provider(mut self, provider: impl Provider) -> Self {
        self.providers.push(Provided::with_rules(provider));
        self
    }

    /// Provides host functions of the embedder's own to every component that imports them: no
    /// request, grant or deny speaks of them, and no audit record is made. For functions that only
    /// some components may use, there is [`provider`](Self::provider).
    ///
    /// `names` are the imports that `link` adds, named as in the WIT: an interface with the version
    /// if its package has one, `acme:editor/documents@0.1.0`, and by a plain name what a world
    /// imports without a package, `print`. `link` usually calls an `add_to_linker` that `bindgen!`
    /// generated; see the [`guide`](crate::guide). It runs once for each engine of the host.
    ///
    /// ```
    /// use airssys_wasm_host::Host;
    ///
    /// let host = Host::builder()
    ///     .imports(["print"], |linker| {
    ///         linker.root().func_wrap("print", |store, (line,): (String,)| {
    ///             let plugin = &store.data().identity().component;
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
        self.providers.push(Provided::without_rules(
            names.into_iter().map(Into::into),
            link,
        ));
        self
    }

    /// Adds data of the embedder's, which host functions reach with
    /// [`InstanceState::data`] in every instance of this host. One value of each type; a second
    /// replaces the first. [`Deploy::data`](crate::Deploy::data) replaces it for one deployment.
    ///
    /// Guests do not see it. It is dropped with the host and the last of its instances.
    pub fn data<T: Send + Sync + 'static>(mut self, data: T) -> Self {
        self.data.insert(data);
        self
    }

    /// Adds data that each instance has of its own, which host functions reach with
    /// [`InstanceState::instance_data_mut`]. `make` runs once for each instance, before any of its
    /// code does, and sees whose instance it is: [`InstanceState::identity`],
    /// [`InstanceState::call_id`], the shared [`InstanceState::data`], and the instance data whose
    /// factories were added before. One factory for each type; a second replaces the first. The data
    /// is dropped with its instance.
    ///
    /// By default each call has an instance, and with it data, of its own:
    /// [`Instancing`](crate::Instancing) changes that.
    ///
    /// ```
    /// use airssys_wasm_host::Host;
    ///
    /// /// How often a component asked for something.
    /// struct Usage {
    ///     component: String,
    ///     requests: u32,
    /// }
    ///
    /// let host = Host::builder()
    ///     .instance_data(|instance| Usage {
    ///         component: instance.identity().component.to_string(),
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

    /// Is told of every step of every rollout, and may hold or fail it: for tests
    /// that prove what an update does.
    pub fn rollout_probe(self, probe: impl RolloutProbe) -> Self {
        Self {
            probe: Some(Arc::new(probe)),
            ..self
        }
    }

    /// Lets a test move the host's clock forward: deadlines of calls, and the end of grants.
    pub fn test_clock(self, clock: &TestClock) -> Self {
        Self {
            clock: clock.clone(),
            ..self
        }
    }

    /// Who takes the items that pipelines put aside, where they say nobody. A host with a state
    /// directory has no other: what is said when a pipeline is deployed would not be there after
    /// a restart.
    pub fn dead_letters(self, letters: impl DeadLetters) -> Self {
        Self {
            letters: Some(Arc::new(letters)),
            ..self
        }
    }

    /// How many revisions of a name are kept ready to serve, the one that serves
    /// included; at least 2. Default 5.
    pub fn revisions_kept(self, count: usize) -> Self {
        Self {
            revisions_kept: count.max(2),
            ..self
        }
    }

    /// How many instances come from memory that is reserved in advance; more are
    /// allocated on demand, which takes longer, and the first of them has the
    /// component compiled once more if there is no code cache. Each takes 4 GiB of address space,
    /// of which only what is used is memory. Default 1,000.
    pub fn pooled_instances_max(self, count: u32) -> Self {
        Self {
            pooled_instances_max: count.max(1),
            ..self
        }
    }

    /// Builds the host. With a state directory, blocks while its records are read; what they
    /// name is made ready when it is asked for, or soon, in a thread of its own.
    ///
    /// # Errors
    ///
    /// [`InvalidLimits`](crate::ErrorKind::InvalidLimits), or
    /// [`Internal`](crate::ErrorKind::Internal) if the thread that keeps deadlines
    /// cannot be started, [`InvalidGrant`](crate::ErrorKind::InvalidGrant) if a root
    /// certificate is none, [`InvalidProvider`](crate::ErrorKind::InvalidProvider) if a provider does
    /// not link what it says, or provides what the host or another provider does. With a state directory
    /// [`StateHeld`](crate::ErrorKind::StateHeld),
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) and
    /// [`StateDamaged`](crate::ErrorKind::StateDamaged): then nothing in it was changed.
    pub fn build(self) -> Result<Host> {
        self.limits.check()?;
        let budget = self.budget.unwrap_or_default();
        if let problems @ [_, ..] = &budget.problems()[..] {
            return Err(Error::new(ErrorKind::InvalidLimits, problems.join("; ")));
        }
        let announcer = Arc::new(Announcer::default());
        let connector = Connector::trusting(&self.roots).map_err(|error| {
            Error::new(ErrorKind::InvalidGrant, "a root certificate cannot be read")
                .with_source(error)
        })?;
        let audit = Arc::new(AuditTrail::new(self.audit));
        let (state, kept) = match &self.state_directory {
            Some(directory) => State::open(directory).map(|(state, kept)| (Some(state), kept))?,
            None => (None, Found::default()),
        };
        let code_cache = self
            .code_cache
            .or_else(|| self.state_directory.as_deref().map(State::code_cache));
        let engines = Engines::new(
            self.pooled_instances_max,
            self.clock,
            Arc::downgrade(&audit),
        )?;
        let runtime = Runtime {
            aside: Aside::new(),
            linkers: Linkers::new(self.providers, &engines)?,
            engines,
            suppliers: Suppliers {
                secrets: self.secrets,
                resolver: self.resolver,
                connector: Arc::new(connector),
            },
            data: self.data,
            instance_data: self.instance_data,
            instances_started: AtomicU64::default(),
            audit,
            code_cache: CodeCache::new(
                code_cache.as_deref(),
                Arc::clone(&announcer),
                Compiler::new(&budget, self.compiler_process),
            ),
            announcer,
            guest_log: Arc::new(QueuedLog::new(self.guest_log)),
            probe: self.probe,
            revisions_kept: self.revisions_kept,
            lanes: crate::deployment::lanes(),
            programs: Programs::default(),
            shares: DeploymentShares::new(&budget),
            compile_time_max: budget.compile_time_max,
            state: ArcSwapOption::new(state.map(Arc::new)),
        };
        let runtime = Arc::new(runtime);
        for (name, problem) in &kept.lost {
            tracing::error!(
                component = name,
                problem,
                "lost: what was kept of it cannot be read"
            );
        }
        #[cfg(feature = "http")]
        let mut kept = kept;
        let shared = Arc::new(Shared {
            names: Arc::new(Names::new(&runtime, kept.names)),
            runtime,
            limits: self.limits,
            pipelines: Pipelines::new(kept.pipelines),
            #[cfg(feature = "http")]
            routing: crate::http::Routing::restored(kept.routes, &mut kept.lost),
            letters: self.letters,
            lost: kept.lost,
        });
        #[cfg(feature = "http")]
        shared.routing.fill(&shared);
        wake_in_a_thread(&shared)?;
        Ok(Host(shared))
    }
}

/// Makes ready what the state directory has, unless there is nothing.
fn wake_in_a_thread(shared: &Arc<Shared>) -> Result<()> {
    if shared
        .names
        .look_at_sleeping(|sleeping| sleeping.is_empty())
    {
        return Ok(());
    }
    let names = Arc::clone(&shared.names);
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
